import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type {
  ApiError,
  Cardinality,
  Dump,
  DumpAliases,
  DumpChoices,
  DumpEstimate,
  DumpFilter,
  DumpPreview,
  DumpRedaction,
  SyncOutcome,
  SyncStatus,
} from '../../api/index.ts';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import type { DumpContent } from '../dump/index.ts';
import { createApp, type DumpDesk, type WebServices } from './index.ts';

const id = 'a'.repeat(26);
const content = Buffer.from('0123456789');
const reading = 'sysconsole_read_environment_performance_monitoring';
const writing = 'sysconsole_write_environment_performance_monitoring';
const dump = { id, state: 'ready' } as Dump;

const preview: DumpPreview = {
  ...{ series: 2, metrics: [{ name: 'up', series: 2 }] },
  labels: [{ name: 'job', values: 1, examples: ['a'] }],
  ...{ hosts: ['app1'], jobs: ['a'], redacted: { hosts: true, labels: ['instance'] } },
  isCut: false,
};

const synced: SyncStatus = {
  driver: 'local',
  remoteBlocks: 1,
  remoteBytes: 2,
  pendingBlocks: 0,
  lastSuccessMs: 3,
  lastError: null,
};

class Coded extends Error {
  readonly code: string;
  constructor(code: string) {
    super(`sentence of ${code}`);
    this.code = code;
  }
}

/** Dumps that hold one ready archive and answer everything else with the error a test sets. */
class OneDump implements DumpDesk {
  created: { fromMs: number; toMs: number; userId: string }[] = [];
  redactions: DumpRedaction[] = [];
  steps: number[] = [];
  questions: object[] = [];
  filters: (DumpFilter | null)[] = [];
  failure: Error | undefined;
  deleted: string[] = [];
  opened = 0;
  dump = dump;

  #check(): void {
    if (this.failure !== undefined) throw this.failure;
  }
  async create(
    range: { fromMs: number; toMs: number },
    userId: string,
    { filter, redaction, stepSeconds }: DumpContent,
  ): Promise<Dump> {
    this.#check();
    this.filters.push(filter);
    this.redactions.push(redaction);
    this.steps.push(stepSeconds);
    this.created.push({ ...range, userId });
    return this.dump;
  }
  async aliases(): Promise<DumpAliases> {
    this.#check();
    return { aliases: { 'host-1': 'app1' } };
  }
  async list(): Promise<Dump[]> {
    this.#check();
    return [this.dump];
  }
  async get(): Promise<Dump> {
    this.#check();
    return dump;
  }
  async cancel(): Promise<Dump> {
    this.#check();
    return dump;
  }
  async delete(deletedId: string): Promise<void> {
    this.#check();
    this.deleted.push(deletedId);
  }
  async estimate(range: object, content: DumpContent): Promise<DumpEstimate> {
    this.#check();
    this.questions.push({ ...range, ...content });
    return { bytes: 1, samples: 2, series: 4, seconds: 3 };
  }
  async samplesIn(): Promise<number> {
    this.#check();
    return 2;
  }
  async choices(range: { fromMs: number; toMs: number }): Promise<DumpChoices> {
    this.#check();
    this.questions.push(range);
    return { hosts: ['app1', 'gone'], jobs: ['a'], isCut: false };
  }
  async preview(range: object, content: DumpContent): Promise<DumpPreview> {
    this.#check();
    this.questions.push({ ...range, ...content });
    return preview;
  }
  async archive() {
    this.#check();
    return {
      fileName: 'größe.tar.gz',
      sizeBytes: content.length,
      etag: 'abc',
      open: async ({ start, end }: { start: number; end: number }) => {
        this.opened++;
        return Readable.from([content.subarray(start, end)]);
      },
    };
  }
}

let cardinality: Cardinality | undefined;
let outcome: SyncOutcome;
let dumps: OneDump;
let server: Server;
let base: string;
let rights: string[];
let readers: string[];
let permissions: Record<string, string[]>;
let clock: FakeClock;

beforeEach(async () => {
  dumps = new OneDump();
  rights = [];
  clock = new FakeClock(0);
  readers = [];
  permissions = { admin: ['manage_system'], reader: [reading], writer: [writing] };
  outcome = { node: '', isFinished: true, sync: synced };
  const services: WebServices = {
    status: async () =>
      ({
        ...{ mode: 'both', newestSampleMs: 9, oldestSampleMs: 1 },
        store: { headSeries: 5 },
      }) as Awaited<ReturnType<WebServices['status']>>,
    targets: async () => [],
    cardinality: async () => cardinality,
    syncNow: async (userId) => ({ ...outcome, node: `a, for ${userId}` }),
    dumps,
    readers: {
      asked: (userId) => void readers.push(userId),
      refused: (userId) => void readers.push(`not ${userId}`),
    },
  };
  const app = createApp(
    services,
    async (userId, permission) => {
      rights.push(`${userId}:${permission}`);
      return permissions[userId]?.includes(permission) === true;
    },
    () => undefined,
    silentLogger,
    clock,
  );
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function request(path: string, options: RequestInit = {}, user = 'admin'): Promise<Response> {
  const headers = new Headers(options.headers);
  if (user !== '') headers.set('Mattermost-User-Id', user);
  return fetch(base + path, { ...options, headers });
}

async function refuses(response: Promise<Response>, status: number, code: string): Promise<void> {
  const answer = await response;
  const body = (await answer.json()) as ApiError;
  expect([answer.status, body.code]).toEqual([status, code]);
  expect(body.message).toMatch(/^(The|A|You|Your|Only|That|sentence) .+/);
  expect(typeof body.detail).toBe('string');
}

const routes: [method: string, path: string][] = [
  ['GET', '/api/v1/status'],
  ['GET', '/api/v1/targets'],
  ['GET', '/api/v1/cardinality'],
  ['GET', '/api/v1/dumps'],
  ['POST', '/api/v1/dumps'],
  ['GET', '/api/v1/dumps/estimate?from=1&to=2'],
  ['POST', '/api/v1/dumps/preview'],
  ['GET', `/api/v1/dumps/${id}`],
  ['DELETE', `/api/v1/dumps/${id}`],
  ['POST', `/api/v1/dumps/${id}/cancel`],
  ['GET', `/api/v1/dumps/${id}/archive`],
  ['GET', `/api/v1/dumps/${id}/aliases`],
  ['POST', '/api/v1/sync'],
  ['GET', '/tsdb/stats'],
  ['GET', '/jobs'],
  ['POST', '/jobs/create'],
  ['DELETE', `/jobs/delete/${id}`],
  ['DELETE', '/jobs/deleteAll'],
  ['GET', `/jobs/download/${id}`],
  ['GET', '/nothing'],
  ['POST', '/nothing'],
  ['GET', '/'],
];

/** What somebody may do who may only look. */
const harmless = [
  '/api/v1/status',
  '/api/v1/targets',
  '/api/v1/cardinality',
  '/api/v1/dumps',
  '/api/v1/dumps/estimate?from=1&to=2',
  '/api/v1/dumps/choices?from=1&to=2',
  `/api/v1/dumps/${id}`,
  '/tsdb/stats',
  '/jobs',
  '/nothing',
  '/',
];

describe('who may', () => {
  test.each(routes)('refuses %s %s without a user and without a right', async (method, path) => {
    await refuses(request(path, { method }, ''), 401, 'NOT_SIGNED_IN');
    await refuses(request(path, { method }, 'somebody'), 403, 'NOT_PERMITTED');
    const asked = ['manage_system', writing, reading].map((name) => `somebody:${name}`);
    expect([rights, dumps.created, dumps.deleted]).toEqual([asked, [], []]);
  });

  test.each(routes)('lets a reader do %s %s only if it changes nothing', async (method, path) => {
    const { status } = await request(path, { method }, 'reader');
    const isHarmless = method === 'GET' && harmless.includes(path);
    expect(status === 403).toBe(!isHarmless);
    expect([dumps.created, dumps.deleted, dumps.opened]).toEqual([[], [], 0]);
  });

  test('lets a writer do everything but see what aliases stand for', async () => {
    for (const [method, path] of routes) {
      const { status } = await request(path, { method }, 'writer');
      expect([path, status === 403]).toEqual([path, path.endsWith('/aliases')]);
    }
  });

  test('does not let a reader fetch an archive by HEAD, another case or a longer path', async () => {
    for (const path of [`/api/v1/dumps/${id}/archive`, `/api/v1/dumps/${id}/ARCHIVE/`]) {
      const answer = await request(path, { method: 'HEAD' }, 'reader');
      expect([answer.status, dumps.opened]).toEqual([403, 0]);
    }
  });

  test('tells everybody what they can', async () => {
    for (const [user, can] of [
      ['admin', { read: true, write: true, manage: true }],
      ['writer', { read: true, write: true, manage: false }],
      ['reader', { read: true, write: false, manage: false }],
    ] as const) {
      expect(await (await request('/api/v1/status', {}, user)).json()).toMatchObject({ can });
    }
  });

  test('notes who reads with a delegated permission, and who asks without any', async () => {
    for (const user of ['admin', 'reader', 'somebody', 'writer']) {
      await request('/api/v1/status', {}, user);
    }
    const headers = { 'Mattermost-Plugin-ID': 'com.example.other' };
    await request('/api/v1/status', { headers }, 'reader');
    expect(readers).toEqual(['reader', 'not somebody', 'writer']);
  });

  test('refuses another plugin, whoever it claims to act for', async () => {
    const headers = { 'Mattermost-Plugin-ID': 'com.example.other' };
    await refuses(request('/api/v1/status', { headers }), 403, 'NOT_PERMITTED');
  });

  test('answers 404 to an administrator at an unknown address', async () => {
    await refuses(request('/nothing'), 404, 'NOT_FOUND');
  });
});

describe('sync', () => {
  const post = () => request('/api/v1/sync', { method: 'POST' });

  test('answers when everything is in the file store, and when it takes longer', async () => {
    const done = await post();
    expect([done.status, await done.json()]).toEqual([200, { ...outcome, node: 'a, for admin' }]);
    outcome = { ...outcome, isFinished: false };
    const slow = await post();
    expect([slow.status, ((await slow.json()) as SyncOutcome).isFinished]).toEqual([202, false]);
  });

  test('tells why it failed', async () => {
    const lastError = { code: 'STORE_DENIED', message: 'The keys are wrong.', detail: '' };
    outcome = { ...outcome, sync: { ...synced, lastError } };
    await refuses(post(), 502, 'STORE_DENIED');
  });
});

describe('cardinality', () => {
  test('is told by a node that collects', async () => {
    cardinality = {
      ...{ series: 2, maxSeries: 500_000, metrics: [{ name: 'up', series: 2 }] },
      ...{ labels: [], targets: [] },
    };
    expect(await (await request('/api/v1/cardinality')).json()).toEqual(cardinality);
    cardinality = undefined;
    await refuses(request('/api/v1/cardinality'), 503, 'NOT_COLLECTING');
  });
});

describe('dumps', () => {
  function post(body: string): Promise<Response> {
    return request('/api/v1/dumps', { method: 'POST', body });
  }

  test('creates one for the user who asks', async () => {
    const answer = await post('{"from": 1000, "to": 2000}');
    expect([answer.status, await answer.json()]).toEqual([201, dump]);
    expect(dumps.created).toEqual([{ fromMs: 1000, toMs: 2000, userId: 'admin' }]);
  });

  test('creates one of some series, and refuses a filter that makes no sense', async () => {
    const filter = { nodes: ['app1'], jobs: [], metrics: ['go_*'] };
    expect((await post('{"from":1,"to":2,"nodes":["app1"],"metrics":["go_*"]}')).status).toBe(201);
    expect(dumps.filters).toEqual([filter]);
    await refuses(post('{"from":1,"to":2,"nodes":"app1"}'), 400, 'DUMP_FILTER_INVALID');
    expect(dumps.filters).toHaveLength(1);
  });

  test('creates a redacted one, and gives its aliases to administrators only', async () => {
    expect((await post('{"from":1,"to":2,"redaction":"hosts-and-ids"}')).status).toBe(201);
    expect((await post('{"from":1,"to":2}')).status).toBe(201);
    expect(dumps.redactions).toEqual(['hosts-and-ids', 'none']);
    await refuses(post('{"from":1,"to":2,"redaction":"all"}'), 400, 'DUMP_REDACTION_INVALID');
    expect((await post('{"from":1,"to":2,"stepSeconds":300}')).status).toBe(201);
    expect(dumps.steps).toEqual([0, 0, 300]);
    await refuses(post('{"from":1,"to":2,"stepSeconds":1}'), 400, 'DUMP_STEP_INVALID');
    const path = `/api/v1/dumps/${id}/aliases`;
    const answer = await request(path);
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename=aliases_${id}.json`,
    );
    expect(await answer.json()).toEqual({ aliases: { 'host-1': 'app1' } });
    for (const user of ['reader', 'writer']) {
      await refuses(request(path, {}, user), 403, 'NOT_PERMITTED');
      await refuses(request(`${path.toUpperCase()}/`, {}, user), 403, 'NOT_PERMITTED');
    }
  });

  test('lets one user begin ten within a minute, and another all the same', async () => {
    for (let at = 0; at < 10; at++) expect((await post('{"from": 1, "to": 2}')).status).toBe(201);
    const refused = await post('{"from": 1, "to": 2}');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    await refuses(
      request('/jobs/create', { method: 'POST', body: '{"min_t": 1, "max_t": 2}' }),
      429,
      'DUMP_TOO_MANY',
    );
    const other = { method: 'POST', body: '{"from": 1, "to": 2}' };
    expect((await request('/api/v1/dumps', other, 'writer')).status).toBe(201);
    await clock.advance(60_000);
    expect((await post('{"from": 1, "to": 2}')).status).toBe(201);
  });

  test('refuses bodies that are not a range', async () => {
    await refuses(post('{"from": 1'), 400, 'BODY_NOT_JSON');
    await refuses(post(''), 400, 'DUMP_RANGE_INVALID');
    await refuses(post('[]'), 400, 'DUMP_RANGE_INVALID');
    await refuses(post('{"from": 1}'), 400, 'DUMP_RANGE_INVALID');
    await refuses(post('{"from": "1", "to": 2}'), 400, 'DUMP_RANGE_INVALID');
    await refuses(post('{"from": 1.5, "to": 2}'), 400, 'DUMP_RANGE_INVALID');
    await refuses(post('{"from": 1, "to": 1e300}'), 400, 'DUMP_RANGE_INVALID');
  });

  test('takes a body at the cap and refuses one byte more', async () => {
    const range = '{"from": 1, "to": 2}';
    expect((await post(range.padEnd(65_536))).status).toBe(201);
    await refuses(post(range.padEnd(65_537)), 413, 'BODY_TOO_LARGE');
  });

  test('reads the range of an estimate from the query', async () => {
    const answer = await request('/api/v1/dumps/estimate?from=-5&to=20');
    expect(await answer.json()).toEqual({ bytes: 1, samples: 2, series: 4, seconds: 3 });
    await refuses(request('/api/v1/dumps/estimate?from=x&to=1'), 400, 'DUMP_RANGE_INVALID');
  });

  test('tells those who may read what a dump can be limited to', async () => {
    const answer = await request('/api/v1/dumps/choices?from=5&to=20', {}, 'reader');
    expect(await answer.json()).toEqual({ hosts: ['app1', 'gone'], jobs: ['a'], isCut: false });
    expect(dumps.questions).toEqual([{ fromMs: 5, toMs: 20 }]);
    await refuses(request('/api/v1/dumps/choices?from=5'), 400, 'DUMP_RANGE_INVALID');
    for (let at = 1; at < 120; at++) await request('/api/v1/dumps/choices?from=1&to=2');
    await refuses(request('/api/v1/dumps/choices?from=1&to=2'), 429, 'DUMP_TOO_MANY');
  });

  test('reads what an estimate is of from the query, and answers one kind 120 times a minute', async () => {
    const asked = 'nodes=a&nodes=b%3A1&metrics=go_*&stepSeconds=60&redaction=hosts-and-ids';
    const path = `/api/v1/dumps/estimate?from=1&to=2&${asked}`;
    expect((await request(path)).status).toBe(200);
    expect(dumps.questions).toEqual([
      {
        ...{ fromMs: 1, toMs: 2, redaction: 'hosts-and-ids', stepSeconds: 60 },
        filter: { nodes: ['a', 'b:1'], jobs: [], metrics: ['go_*'] },
      },
    ]);
    await refuses(request(`${path}&stepSeconds=9`), 400, 'DUMP_STEP_INVALID');
    await refuses(request('/api/v1/dumps/estimate?from=1&to=2&nodes='), 400, 'DUMP_FILTER_INVALID');
    for (let at = 3; at < 120; at++) await request('/api/v1/dumps/estimate?from=1&to=2');
    await refuses(request('/api/v1/dumps/estimate?from=1&to=2'), 429, 'DUMP_TOO_MANY');
    expect((await request('/api/v1/dumps/estimate?from=1&to=2', {}, 'writer')).status).toBe(200);
    await clock.advance(60_000);
    expect((await request('/api/v1/dumps/estimate?from=1&to=2')).status).toBe(200);
  });

  test('shows who may write what a dump would give away, and makes nothing of it', async () => {
    const body = '{"from":1,"to":2,"jobs":["a"],"redaction":"hosts-and-ids","stepSeconds":60}';
    const answer = await request('/api/v1/dumps/preview', { method: 'POST', body });
    expect([answer.status, await answer.json()]).toEqual([200, preview]);
    const filter = { nodes: [], jobs: ['a'], metrics: [] };
    expect(dumps.questions).toEqual([
      { fromMs: 1, toMs: 2, filter, redaction: 'hosts-and-ids', stepSeconds: 60 },
    ]);
    expect(dumps.created).toEqual([]);
    const bad = request('/api/v1/dumps/preview', { method: 'POST', body: '{"from":1}' });
    await refuses(bad, 400, 'DUMP_RANGE_INVALID');
    for (let at = 2; at < 120; at++) {
      await request('/api/v1/dumps/preview', { method: 'POST', body });
    }
    const late = request('/api/v1/dumps/preview', { method: 'POST', body });
    await refuses(late, 429, 'DUMP_TOO_MANY');
  });

  test('refuses ids that could be anything but an id', async () => {
    for (const bad of ['short', `${id}a`, id.toUpperCase(), '..%2f..%2fetc', '%00']) {
      await refuses(request(`/api/v1/dumps/${bad}`), 400, 'DUMP_BAD_ID');
      await refuses(request(`/api/v1/dumps/${bad}/archive`), 400, 'DUMP_BAD_ID');
      await refuses(request(`/api/v1/dumps/${bad}`, { method: 'DELETE' }), 400, 'DUMP_BAD_ID');
    }
    expect(dumps.deleted).toEqual([]);
  });

  test('refuses an address and a body that cannot be decoded', async () => {
    await refuses(request('/api/v1/dumps/%E0%A4%A'), 400, 'REQUEST_UNREADABLE');
    for (const encoding of ['br', 'gzip', 'deflate']) {
      const headers = { 'Content-Encoding': encoding };
      const answer = request('/api/v1/dumps', { method: 'POST', body: 'not compressed', headers });
      await refuses(answer, 400, 'REQUEST_UNREADABLE');
    }
  });

  test('gives coded errors their status and hides defects', async () => {
    const cases: [string, number][] = [
      ['DUMP_RANGE_EMPTY', 422],
      ['DUMP_NOT_FOUND', 404],
      ['DUMP_QUEUE_FULL', 429],
      ['DUMP_NO_SPACE', 507],
    ];
    for (const [code, status] of cases) {
      dumps.failure = new Coded(code);
      await refuses(request(`/api/v1/dumps/${id}`), status, code);
    }
    dumps.failure = new Error('secret path /etc');
    const answer = await request(`/api/v1/dumps/${id}`);
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(text).toContain('INTERNAL');
    expect(text).not.toContain('secret');
  });

  test('deletes with an empty answer', async () => {
    const answer = await request(`/api/v1/dumps/${id}`, { method: 'DELETE' });
    expect([answer.status, await answer.text(), dumps.deleted]).toEqual([204, '', [id]]);
  });
});

describe('the routes of the Go plugin', () => {
  test('create, list, fetch and delete in its shapes', async () => {
    dumps.dump = {
      ...dump,
      createdAtMs: 7,
      requested: { fromMs: 1, toMs: 2 },
      actual: { fromMs: 3, toMs: 4 },
      fileName: 'x.tar.gz',
    };
    const job = {
      ...{ id, status: 'success', create_at: 7, min_t: 3, max_t: 4 },
      dump_location: 'x.tar.gz',
    };
    const body = '{"min_t": 1000, "max_t": 2000}';
    const created = await request('/jobs/create', { method: 'POST', body });
    expect([created.status, await created.json()]).toEqual([200, job]);
    expect(dumps.created).toEqual([{ fromMs: 1000, toMs: 2000, userId: 'admin' }]);
    expect(await (await request('/jobs')).json()).toEqual([job]);
    expect(await (await request(`/jobs/download/${id}`)).text()).toBe('0123456789');
    expect((await request(`/jobs/delete/${id}`, { method: 'DELETE' })).status).toBe(200);
    expect((await request('/jobs/deleteAll', { method: 'DELETE' })).status).toBe(200);
    expect(dumps.deleted).toEqual([id, id]);
    await refuses(
      request('/jobs/create', { method: 'POST', body: '{}' }),
      400,
      'DUMP_RANGE_INVALID',
    );
    await refuses(request('/jobs/download/..%2fx'), 400, 'DUMP_BAD_ID');
  });

  test('tell how much there is', async () => {
    const answer = await (await request('/tsdb/stats')).json();
    expect(answer).toEqual({ min_t: 1, max_t: 9, num_samples: 2, num_series: 5 });
  });
});

describe('archive', () => {
  const path = `/api/v1/dumps/${id}/archive`;

  async function sends(
    headers: Record<string, string>,
    status: number,
    body: string,
    range?: string,
  ) {
    const answer = await request(path, { headers });
    expect([answer.status, await answer.text()]).toEqual([status, body]);
    expect(answer.headers.get('content-range') ?? undefined).toBe(range);
    if (status !== 304) expect(answer.headers.get('content-length')).toBe(String(body.length));
  }

  test('is sent whole, with length, name and validator', async () => {
    const answer = await request(path);
    expect(await answer.text()).toBe('0123456789');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-length': '10',
      'content-type': 'application/gzip',
      'accept-ranges': 'bytes',
      etag: '"abc"',
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
      'content-disposition': `attachment; filename="gr__e.tar.gz"; filename*=UTF-8''gr%C3%B6%C3%9Fe.tar.gz`,
    });
  });

  test('is sent in the part that was asked for', async () => {
    await sends({ Range: 'bytes=0-0' }, 206, '0', 'bytes 0-0/10');
    await sends({ Range: 'bytes=7-' }, 206, '789', 'bytes 7-9/10');
    await sends({ Range: 'bytes=-4' }, 206, '6789', 'bytes 6-9/10');
    await sends({ Range: 'bytes=5-99' }, 206, '56789', 'bytes 5-9/10');
    await sends({ Range: 'bytes=5-', 'If-Range': '"abc"' }, 206, '56789', 'bytes 5-9/10');
    await sends({ Range: 'bytes=5-', 'If-Range': '"old"' }, 200, '0123456789');
    await sends({ Range: 'bytes=0-1,4-5' }, 200, '0123456789');
    await sends({ Range: 'lines=1-2' }, 200, '0123456789');
    await sends({ Range: 'nonsense' }, 200, '0123456789');
    await sends({ 'If-None-Match': '"x", "abc"' }, 304, '');
  });

  test('refuses a range behind its end, without download headers', async () => {
    const answer = await request(path, { headers: { Range: 'bytes=10-' } });
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe('bytes */10');
    expect(answer.headers.get('content-disposition')).toBeNull();
    expect(((await answer.json()) as ApiError).code).toBe('RANGE_UNSATISFIABLE');
  });

  test('answers HEAD without opening it', async () => {
    const answer = await request(path, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-length'), dumps.opened]).toEqual([
      200,
      '10',
      0,
    ]);
  });

  test('cuts the connection when reading fails in the middle', async () => {
    dumps.archive = async () => ({
      fileName: 'x',
      sizeBytes: 10,
      etag: 'e',
      open: async () =>
        Readable.from(
          (async function* () {
            yield Buffer.from('01234');
            throw new Error('disk died');
          })(),
        ),
    });
    const answer = await request(path);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
  });

  test('stops reading when the client leaves', async () => {
    const destroyed = new Promise<void>((resolve) => {
      dumps.archive = async () => ({
        fileName: 'x',
        sizeBytes: 1 << 30,
        etag: 'e',
        open: async () =>
          new Readable({
            read() {
              this.push(Buffer.alloc(65_536));
            },
            destroy(error, done) {
              resolve();
              done(error);
            },
          }),
      });
    });
    const socket = connect(Number(new URL(base).port), '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nMattermost-User-Id: admin\r\n\r\n`);
    socket.once('data', () => socket.destroy());
    await destroyed;
  });
});
