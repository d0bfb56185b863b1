import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Dump, DumpPreview } from '../../api/index.ts';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import type { AuditedRequest } from './audit-trail.ts';
import { createApp, type WebServices } from './index.ts';

const ids = ['a', 'b', 'c'].map((letter) => letter.repeat(26));
const [id = ''] = ids;
const range = { fromMs: 5, toMs: 6 };
const archiveBytes = Buffer.alloc(8_000_000);

class Coded extends Error {
  readonly code = 'DUMP_NOT_FOUND';
}

const preview: DumpPreview = {
  ...{ series: 0, metrics: [], labels: [], hosts: [], jobs: [], isCut: false },
  redacted: { hosts: false, labels: [] },
};

let audited: AuditedRequest[];
let failing: string | undefined;
/** Whether what fails is not even known. */
let isGone: boolean;
let release: (() => void) | undefined;
let server: Server;
let port: number;
/** Resolves with the next thing that is audited. */
let next: () => Promise<AuditedRequest>;

function services(): WebServices {
  const refuse = (asked: string) => {
    if (asked === failing) throw new Coded('There is no such dump.');
  };
  const desk: Partial<WebServices['dumps']> = {
    create: async () => ({ id, requested: range }) as Dump,
    list: async () => ids.map((listed) => ({ id: listed, requested: range }) as Dump),
    get: async (asked) => {
      if (isGone) refuse(asked);
      return { id: asked, requested: range } as Dump;
    },
    delete: async (asked) => {
      refuse(asked);
      if (release !== undefined) await new Promise<void>((resolve) => (release = resolve));
    },
    cancel: async (asked) => {
      refuse(asked);
      return { id: asked } as Dump;
    },
    estimate: async () => ({ bytes: 1, samples: 1, series: 1, seconds: 1 }),
    preview: async () => preview,
    aliases: async () => ({ aliases: {} }),
    archive: async (asked) => {
      refuse(asked);
      return {
        ...{ fileName: 'x.tar.gz', sizeBytes: archiveBytes.length, etag: 'e' },
        open: async ({ start, end }) => Readable.from([archiveBytes.subarray(start, end)]),
      };
    },
  };
  const others = { syncNow: async () => ({ node: 'a', isFinished: false, sync: {} }) };
  const readers = { asked: () => undefined, refused: () => undefined };
  return { ...others, dumps: desk, readers } as unknown as WebServices;
}

beforeEach(async () => {
  audited = [];
  failing = undefined;
  isGone = false;
  release = undefined;
  let told: ((done: AuditedRequest) => void) | undefined;
  next = () => new Promise((resolve) => (told = resolve));
  const app = createApp(
    services(),
    async (user, permission) => user === 'admin' && permission === 'manage_system',
    {
      done: (done) => {
        audited.push(done);
        told?.(done);
      },
      saved: () => undefined,
    },
    silentLogger,
    new FakeClock(0),
  );
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function ask(method: string, path: string, user = 'admin', body?: string) {
  const headers = { 'Mattermost-User-Id': user, 'User-Agent': 'probe', 'X-Forwarded-For': '::1' };
  const init = body === undefined ? { method, headers } : { method, headers, body };
  const answer = await fetch(`http://127.0.0.1:${String(port)}${path}`, init);
  await answer.arrayBuffer();
  // The last byte may be here before the server knows that it has left.
  await new Promise((resolve) => setImmediate(resolve));
  return answer.status;
}

const v1 = `/api/v1/dumps/${id}`;
const told: [
  method: string,
  path: string,
  body: string | undefined,
  event: string,
  object: object,
][] = [
  ['POST', '/api/v1/dumps', '{"from":5,"to":6}', 'createDump', { id, ...range }],
  ['POST', '/API/v1/Dumps/', '{"from":5,"to":6}', 'createDump', { id, ...range }],
  ['POST', '/jobs/create', '{"min_t":5,"max_t":6}', 'createDump', { id, ...range }],
  ['DELETE', v1, undefined, 'deleteDump', { id, ...range }],
  ['DELETE', `/jobs/delete/${id}`, undefined, 'deleteDump', { id, ...range }],
  ['POST', `${v1}/cancel`, undefined, 'cancelDump', { id, ...range }],
  ['GET', `${v1}/archive`, undefined, 'downloadDump', { id, ...range }],
  ['GET', `/jobs/download/${id}`, undefined, 'downloadDump', { id, ...range }],
  ['GET', `${v1}/aliases`, undefined, 'downloadDumpAliases', { id, ...range }],
  ['POST', '/api/v1/sync', undefined, 'syncMetrics', {}],
];

test.each(told)('%s %s is told once', async (method, path, body, event, parameters) => {
  expect(await ask(method, path, 'admin', body)).toBeLessThan(300);
  const objectType = event === 'syncMetrics' ? 'metrics' : 'dump';
  const actor = { userId: 'admin', client: 'probe', ipAddress: '127.0.0.1', forwardedFor: '::1' };
  const facts = { event, objectType, actor, parameters, apiPath: path };
  expect(audited).toEqual([{ ...facts, isSuccess: true }]);
});

test.each(told)(
  '%s %s of somebody without the right is told, too',
  async (method, path, body, event, object) => {
    expect(await ask(method, path, 'somebody', body)).toBe(403);
    expect(audited).toMatchObject([
      { event, isSuccess: false, error: { description: 'NOT_PERMITTED', status: 403 } },
    ]);
    expect(audited[0]?.actor.userId).toBe('somebody');
    // There is no dump yet that would have an id.
    expect(audited[0]?.parameters).toEqual(event === 'createDump' ? range : object);
  },
);

test('a refused attempt at a dump that is gone is told without a range', async () => {
  failing = id;
  isGone = true;
  expect(await ask('DELETE', v1, 'somebody')).toBe(403);
  expect(audited).toMatchObject([{ event: 'deleteDump', isSuccess: false }]);
  expect(audited[0]?.parameters).toEqual({ id });
});

test.each<[what: string, body: string | undefined, parameters: object]>([
  ['numbers as text', '{"from":"5","to":" 6 "}', range],
  ['the words of the other interface', '{"min_t":5,"max_t":6}', range],
  ['broken numbers', '{"from":5.2,"to":6.4}', range],
  ['one end', '{"from":5}', { fromMs: 5, range: 'not readable' }],
  ['none', '{"from":[5],"to":1e300}', { range: 'not readable' }],
  ['no object', '[5,6]', { range: 'not readable' }],
  ['no JSON', 'from=5&to=6', { range: 'not readable' }],
  ['nothing', undefined, { range: 'not readable' }],
  ['too much', `{"from":5,"to":6,"x":"${'x'.repeat(70_000)}"}`, { range: 'not readable' }],
])('a refused attempt with %s as its range says so', async (_what, body, parameters) => {
  expect(await ask('POST', '/api/v1/dumps', 'somebody', body)).toBe(403);
  expect(audited).toMatchObject([{ event: 'createDump', isSuccess: false }]);
  expect(audited[0]?.parameters).toEqual(parameters);
});

test('a body that cannot be read is refused with its own code, and counts as an attempt', async () => {
  const refusals: (string | undefined)[] = [];
  for (const body of ['x', `"${'x'.repeat(70_000)}"`, ...Array<string>(9).fill('x')]) {
    await ask('POST', '/api/v1/dumps', 'admin', body);
    const { error, parameters } = audited.pop() ?? {};
    expect(parameters).toEqual({ range: 'not readable' });
    refusals.push(error?.description);
  }
  expect(refusals.slice(0, 2)).toEqual(['BODY_NOT_JSON', 'BODY_TOO_LARGE']);
  expect(refusals.slice(-2)).toEqual(['BODY_NOT_JSON', 'DUMP_TOO_MANY']);
});

test.each(told)('%s %s of nobody is not', async (method, path, body) => {
  expect(await ask(method, path, '', body)).toBe(401);
  expect(audited).toEqual([]);
});

test('what only reads is not told', async () => {
  await ask('GET', '/api/v1/dumps');
  await ask('GET', '/jobs');
  await ask('HEAD', `${v1}/archive`);
  await ask('GET', '/api/v1/dumps/estimate?from=1&to=2');
  await ask('POST', '/api/v1/dumps/preview', 'admin', '{"from":1,"to":2}');
  await ask('POST', '/nothing', 'somebody');
  expect(audited).toEqual([]);
});

test('a failure is told with its code, and an odd id not at all', async () => {
  failing = id;
  const error = { description: 'DUMP_NOT_FOUND', status: 404 };
  isGone = true;
  await ask('DELETE', v1);
  isGone = false;
  await ask('DELETE', v1);
  await ask('GET', `${v1}/archive`);
  await ask('POST', '/api/v1/dumps', 'admin', '{"from":5}');
  await ask('DELETE', `/jobs/delete/${'x'.repeat(4000)}`);
  const facts = audited.map(({ error: why, event, parameters }) => ({ event, parameters, why }));
  expect(facts).toEqual([
    { event: 'deleteDump', parameters: { id }, why: error },
    { event: 'deleteDump', parameters: { id, ...range }, why: error },
    { event: 'downloadDump', parameters: { id, ...range }, why: error },
    {
      event: 'createDump',
      parameters: { fromMs: 5, range: 'not readable' },
      why: { description: 'DUMP_RANGE_INVALID', status: 400 },
    },
    { event: 'deleteDump', parameters: {}, why: { description: 'DUMP_BAD_ID', status: 400 } },
  ]);
});

test('an attempt too many is told with the range that it was about', async () => {
  for (let at = 0; at < 10; at++) await ask('POST', '/api/v1/dumps', 'admin', '{"from":5,"to":6}');
  audited = [];
  for (const [path, body] of [
    ['/api/v1/dumps', '{"from":5,"to":6}'],
    ['/jobs/create', '{"min_t":5,"max_t":6}'],
  ] as const) {
    expect(await ask('POST', path, 'admin', body)).toBe(429);
    expect(audited.pop()).toMatchObject({
      ...{ event: 'createDump', isSuccess: false, parameters: range },
      error: { description: 'DUMP_TOO_MANY', status: 429 },
    });
  }
});

test('deleting all is told dump by dump, up to the one that fails', async () => {
  await ask('DELETE', '/jobs/deleteAll');
  expect(audited.map(({ parameters }) => parameters)).toEqual(
    ids.map((listed) => ({ id: listed, ...range })),
  );
  audited = [];
  failing = ids[1];
  await ask('DELETE', '/jobs/deleteAll');
  expect(audited.map(({ isSuccess, parameters }) => [isSuccess, parameters['id']])).toEqual([
    [true, ids[0]],
    [false, ids[1]],
  ]);
});

/** Sends a request head and gives the socket. */
function raw(method: string, path: string) {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\nMattermost-User-Id: admin\r\n\r\n`);
  return socket;
}

test('a download that breaks off is told as one that failed', async () => {
  const done = next();
  const socket = raw('GET', `${v1}/archive`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.destroy();
  expect(await done).toMatchObject({
    isSuccess: false,
    parameters: { id },
    error: { description: 'HTTP_CUT_SHORT' },
  });
});

test('what was done for a client that did not wait for it was done all the same', async () => {
  release = () => undefined;
  const waiting = release;
  const done = next();
  const socket = raw('DELETE', v1);
  while (release === waiting) await new Promise((resolve) => setImmediate(resolve));
  const gone = new Promise((resolve) => socket.once('close', resolve));
  socket.destroy();
  await gone;
  expect(audited).toEqual([]);
  release();
  expect(await done).toMatchObject({ event: 'deleteDump', isSuccess: true, parameters: { id } });
  expect(audited).toHaveLength(1);
});
