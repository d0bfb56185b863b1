import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ApiError, Cardinality, Dump } from '../../api/index.ts';
import { silentLogger } from '../../lib/runtime/index.ts';
import { createApp, type DumpDesk, type WebServices } from './index.ts';

const id = 'a'.repeat(26);
const content = Buffer.from('0123456789');
const dump = { id, state: 'ready' } as Dump;

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
  failure: Error | undefined;
  deleted: string[] = [];
  opened = 0;
  endless = false;

  #check(): void {
    if (this.failure !== undefined) throw this.failure;
  }
  async create(range: { fromMs: number; toMs: number }, userId: string): Promise<Dump> {
    this.#check();
    this.created.push({ ...range, userId });
    return dump;
  }
  async list(): Promise<Dump[]> {
    this.#check();
    return [dump];
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
  async estimate(): Promise<{ bytes: number; samples: number; seconds: number }> {
    this.#check();
    return { bytes: 1, samples: 2, seconds: 3 };
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
let dumps: OneDump;
let server: Server;
let base: string;
let rights: string[];

beforeEach(async () => {
  dumps = new OneDump();
  rights = [];
  const services: WebServices = {
    status: async () => ({ mode: 'both' }) as Awaited<ReturnType<WebServices['status']>>,
    targets: () => [],
    cardinality: () => cardinality,
    dumps,
  };
  const app = createApp(
    services,
    async (userId, permission) => {
      rights.push(`${userId}:${permission}`);
      return userId === 'admin';
    },
    silentLogger,
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
  expect(body.message).toMatch(/^(The|A|Your|Only|That|sentence) .+/);
  expect(typeof body.detail).toBe('string');
}

const routes: [method: string, path: string][] = [
  ['GET', '/api/v1/status'],
  ['GET', '/api/v1/targets'],
  ['GET', '/api/v1/cardinality'],
  ['GET', '/api/v1/dumps'],
  ['POST', '/api/v1/dumps'],
  ['GET', '/api/v1/dumps/estimate?from=1&to=2'],
  ['GET', `/api/v1/dumps/${id}`],
  ['DELETE', `/api/v1/dumps/${id}`],
  ['POST', `/api/v1/dumps/${id}/cancel`],
  ['GET', `/api/v1/dumps/${id}/archive`],
  ['GET', '/nothing'],
  ['GET', '/'],
];

describe('who may', () => {
  test.each(routes)(
    'refuses %s %s without a user and without manage_system',
    async (method, path) => {
      await refuses(request(path, { method }, ''), 401, 'NOT_SIGNED_IN');
      await refuses(request(path, { method }, 'somebody'), 403, 'NOT_PERMITTED');
      expect([rights, dumps.created, dumps.deleted]).toEqual([['somebody:manage_system'], [], []]);
    },
  );

  test('refuses another plugin, whoever it claims to act for', async () => {
    const headers = { 'Mattermost-Plugin-ID': 'com.example.other' };
    await refuses(request('/api/v1/status', { headers }), 403, 'NOT_PERMITTED');
  });

  test('answers 404 to an administrator at an unknown address', async () => {
    await refuses(request('/nothing'), 404, 'NOT_FOUND');
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
    expect(await answer.json()).toEqual({ bytes: 1, samples: 2, seconds: 3 });
    await refuses(request('/api/v1/dumps/estimate?from=x&to=1'), 400, 'DUMP_RANGE_INVALID');
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
