// Blocks on their way to real servers, through a proxy that hurts them; check-objectstore.ts starts
// the servers and runs this by jest.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Problem } from '../../api/index.ts';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { readObject, type ObjectStore } from '../../lib/objectstore/index.ts';
import { FakeClock, silentLogger, systemClock, type Clock } from '../../lib/runtime/index.ts';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import { BlockShelf, makeBlock, removeTree } from '../../server/share/block-fixture.ts';
import { BlockCatalog, blockKey, blocksPrefix, BlockSync } from '../../server/share/index.ts';
import { FaultProxy, type ProxiedRequest, type ProxyFault } from './fault-proxy.ts';
import { objectStoreServers, type OpenOptions, type RemoteServer } from './objectstore-servers.ts';

const hourMs = 3_600_000;
const startMs = systemClock.nowMs();
const paths = ['chunks/000001', 'index', 'meta.json', 'tombstones'];

/** Pauses between tries take no time. */
const instantClock: Clock = {
  ...systemClock,
  setTimer: (_delayMs, run) => systemClock.setTimer(0, run),
};

let root: string;
/** Larger than one part of an upload. */
let large: BlockInfo;
let small: BlockInfo;
let prefixes = 0;
/** An empty place in the server, also when it outlives this run. */
const newPrefix = (name: string) => `${name} ${String(startMs)} ${String(prefixes++)}`;
const proxies: FaultProxy[] = [];
const stores: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'faults-'));
  const maxt = startMs - hourMs;
  const common = { parentDir: join(root, 'local'), mint: maxt - 2 * hourMs, maxt };
  small = await makeBlock({ ...common, seed: 1 });
  const noise = { seriesCount: 100, stepMs: 1000, isNoisy: true };
  large = await makeBlock({ ...common, ...noise, seed: 2 });
  expect(large.sizeBytes).toBeGreaterThan(5.5 * 1024 * 1024);
});

afterAll(async () => {
  for (const store of stores) await store.close();
  for (const proxy of proxies) await proxy.stop();
  await removeTree(root);
});

async function proxyBefore(server: RemoteServer): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(server.endpoint);
  proxies.push(proxy);
  return proxy;
}

function openStore(server: RemoteServer, prefix: string, options: OpenOptions = {}) {
  const surroundings = { clock: instantClock, ...options.surroundings };
  const store = server.open(prefix, { ...options, surroundings });
  stores.push(store);
  return store;
}

/** A process of the plugin over the same local disk. */
class Process {
  readonly clock: FakeClock;
  readonly catalog: BlockCatalog;
  readonly sync: BlockSync;
  readonly logged: unknown[] = [];

  constructor(store: ObjectStore, blocks: readonly BlockInfo[], nowMs = startMs) {
    this.clock = new FakeClock(nowMs);
    this.catalog = new BlockCatalog(store);
    const local = new BlockShelf();
    local.add(...blocks);
    this.sync = new BlockSync({
      clock: this.clock,
      logger: { ...silentLogger, warn: (_message, fields) => this.logged.push(fields?.['code']) },
      store,
      catalog: this.catalog,
      local,
      driver: 'test',
      settings: () => ({
        retentionMs: 15 * 24 * hourMs,
        localSizeLimitBytes: 0,
        syncPeriodMs: hourMs,
        cleanupPeriodMs: hourMs,
      }),
      labels: () => ({ serverId: 'serverid', cluster: 'single', scraper: 'host-a' }),
      epoch: () => 1,
      pluginVersion: '0.8.0',
      freeBytes: () => Promise.resolve(null),
    });
  }

  /** One pass; resolves to its error. */
  async pass(): Promise<unknown> {
    this.sync.start();
    return await this.sync.syncNow().then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  async end(): Promise<void> {
    const ended = this.sync.stop(0);
    await this.clock.advance(0);
    await ended;
  }
}

/** The file store holds this block, whole and byte by byte, once, and nothing beside it. */
async function expectWhole(store: ObjectStore, block: BlockInfo): Promise<void> {
  expect(await keysOf(store, '')).toEqual(paths.map((path) => blockKey(block.ulid, path)));
  for (const path of paths.filter((one) => one !== 'meta.json')) {
    const bytes = await readObject(store, blockKey(block.ulid, path), { limitBytes: Infinity });
    expect(Buffer.compare(bytes, await readFile(join(block.dir, path)))).toBe(0);
  }
  const catalog = new BlockCatalog(store);
  await catalog.refresh();
  expect([catalog.has(block.ulid), catalog.partialBlocks()]).toEqual([true, []]);
}

const cuts: ProxyFault[] = (['before', 'within', 'after'] as const).map((at) => {
  return { kind: 'cut', at };
});

for (const server of objectStoreServers(process.env)) {
  describe(server.name, () => {
    describeUploads(server);
    describeReads(server);
    describeRefusals(server);
    describeForeign(server);
  });
}

function describeUploads(server: RemoteServer): void {
  for (const fault of cuts) {
    const name = fault.kind === 'cut' ? fault.at : '';
    test(`a process that ends with its connection cut ${name} any single request loses no block`, async () => {
      const proxy = await proxyBefore(server);
      for (const block of [small, large]) {
        const requests = await requestsOf(server, proxy, block);
        expect(requests.length).toBeGreaterThan(15);
        for (const { number, path } of requests) {
          // The large one differs from the small one in the upload of its chunks.
          if (block === large && !path.includes('chunks')) continue;
          const prefix = newPrefix('killed');
          const store = openStore(server, prefix, { endpoint: proxy.endpoint });
          proxy.heal();
          // From the first cut on nothing comes through any more: this process is dead.
          proxy.fault = (request) => {
            if (request.number < number) return undefined;
            return request.number === number ? fault : { kind: 'cut', at: 'before' };
          };
          const killed = new Process(store, [block]);
          expect(await killed.pass()).toBeDefined();
          await killed.end();
          await store.close();
          proxy.heal();
          const next = openStore(server, prefix, { endpoint: proxy.endpoint });
          const resumed = new Process(next, [block]);
          expect(await resumed.pass()).toBeUndefined();
          await resumed.end();
          await expectWhole(next, block);
        }
      }
    }, 900_000);

    test(`one connection cut ${name} any single request is not noticed`, async () => {
      const proxy = await proxyBefore(server);
      let isLast = false;
      for (let at = 0; !isLast; at++) {
        const store = openStore(server, newPrefix('cut'), { endpoint: proxy.endpoint });
        proxy.heal();
        proxy.fault = ({ number }) => (number === at ? fault : undefined);
        const running = new Process(store, [small]);
        expect(await running.pass()).toBeUndefined();
        isLast = proxy.requests.length <= at;
        await running.end();
        await expectWhole(store, small);
      }
    }, 900_000);
  }

  test('an upload in parts whose answers are all lost once is whole at the first try', async () => {
    const proxy = await proxyBefore(server);
    const seen = new Set<string>();
    proxy.fault = ({ method, path }) => {
      // An upload has a new name each time it begins.
      const isNew = !path.includes('uploads') && !seen.has(method + path);
      seen.add(method + path);
      return isNew ? { kind: 'cut', at: 'after' } : undefined;
    };
    const store = openStore(server, newPrefix('lost'), { endpoint: proxy.endpoint });
    const bytes = await readFile(join(large.dir, 'chunks/000001'));
    expect(await store.put('object', bytes)).toMatchObject({ sizeBytes: bytes.length });
    proxy.heal();
    const read = await readObject(store, 'object', { limitBytes: Infinity });
    expect(Buffer.compare(read, bytes)).toBe(0);
  });

  test('half blocks of others leave after two days, and nothing else does', async () => {
    const store = openStore(server, newPrefix('halves'));
    await store.put(blockKey(small.ulid, 'chunks/000001'), new Uint8Array(5));
    await store.put(`${blocksPrefix}notes.txt`, new Uint8Array(5));
    const early = new Process(store, [], startMs + 46 * hourMs);
    expect(await early.pass()).toBeUndefined();
    await early.end();
    expect(await keysOf(store, '')).toHaveLength(2);
    const late = new Process(store, [], startMs + 50 * hourMs);
    expect(await late.pass()).toBeUndefined();
    await late.end();
    expect(await keysOf(store, '')).toEqual([`${blocksPrefix}notes.txt`]);
  });

  test('an upload over a slow line takes its time', async () => {
    const proxy = await proxyBefore(server);
    const options = { endpoint: proxy.endpoint, idleMs: 1000 };
    const store = openStore(server, newPrefix('slow'), options);
    // Each request below the limit of silence, all of them far beyond it.
    proxy.fault = () => ({ kind: 'delay', delayMs: 150 });
    const running = new Process(store, [small]);
    expect(await running.pass()).toBeUndefined();
    await running.end();
    proxy.fault = () => ({ kind: 'delay', delayMs: 10_000 });
    await expect(store.head('key')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    proxy.heal();
    await expectWhole(store, small);
  });
}

/** The requests of a pass that uploads a block with nothing in its way. */
async function requestsOf(
  server: RemoteServer,
  proxy: FaultProxy,
  block: BlockInfo,
): Promise<ProxiedRequest[]> {
  const store = openStore(server, newPrefix('clean'), { endpoint: proxy.endpoint });
  proxy.heal();
  const running = new Process(store, [block]);
  expect(await running.pass()).toBeUndefined();
  const requests = [...proxy.requests];
  await running.end();
  return requests;
}

function describeReads(server: RemoteServer): void {
  test('an answer that ends early is read on, or is an error, never short', async () => {
    const proxy = await proxyBefore(server);
    const prefix = newPrefix('reads');
    const store = openStore(server, prefix, { endpoint: proxy.endpoint });
    const bytes = await readFile(join(large.dir, 'chunks/000001'));
    await store.put('object', bytes);
    const read = () => readObject(store, 'object', { limitBytes: Infinity });
    for (const afterBytes of [0, 1, 65_536, bytes.length / 2, bytes.length - 1]) {
      let left = 3;
      proxy.fault = ({ method }) =>
        method === 'GET' && left-- > 0 ? { kind: 'truncate', afterBytes } : undefined;
      expect(Buffer.compare(await read(), bytes)).toBe(0);
    }
    proxy.fault = ({ method }) =>
      method === 'GET' ? { kind: 'truncate', afterBytes: 0 } : undefined;
    await expect(read()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    let isFirst = true;
    proxy.fault = ({ method }) => {
      if (method !== 'GET' || !isFirst) return undefined;
      isFirst = false;
      return { kind: 'truncate', afterBytes: 100_000 };
    };
    const { body } = await store.get('object');
    // Somebody replaces it while it is read.
    await openStore(server, prefix).put('object', new Uint8Array(200_000));
    await expect(body.toArray()).rejects.toMatchObject({ code: 'STORE_TRUNCATED' });
  });

  test('a listing that ends early is asked for again', async () => {
    const proxy = await proxyBefore(server);
    const store = openStore(server, newPrefix('lists'), { endpoint: proxy.endpoint });
    const keys = Array.from({ length: 20 }, (_, at) => `d/key-${String(at).padStart(2, '0')}`);
    for (const key of keys) await store.put(key, new Uint8Array(1));
    for (const afterBytes of [0, 100, 400]) {
      let left = 2;
      proxy.fault = () => (left-- > 0 ? { kind: 'truncate', afterBytes } : undefined);
      expect(await keysOf(store, '')).toEqual(keys);
    }
  });
}

function describeRefusals(server: RemoteServer): void {
  const isS3 = server.name === 'versitygw';
  /** An answer as the real service gives it. */
  const refusal = (status: number, code: string, date = new Date(startMs)): ProxyFault => ({
    kind: 'answer',
    status,
    headers: {
      date: date.toUTCString(),
      'content-type': 'application/xml',
      ...(isS3 ? {} : { 'x-ms-error-code': code }),
    },
    body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>hunter2</Message></Error>`,
  });

  /** A pass that meets the trouble is told with its code and an advice, and loses nothing. */
  async function expectTrouble(store: ObjectStore, code: string, heal?: () => void): Promise<void> {
    const running = new Process(store, [small]);
    expect(await running.pass()).toMatchObject({ code });
    expect(running.sync.status()).toMatchObject({ pendingBlocks: 1, lastError: { code } });
    const [problem] = running.sync.problems() as [Problem];
    expect(problem).toMatchObject({ code: 'SYNC_FAILED', severity: 'warning' });
    expect(problem.message).toContain(code);
    expect(problem.advice).toMatch(/^The |^A /);
    expect(running.logged).toEqual([code]);
    const told = JSON.stringify([running.sync.status(), running.sync.problems()]);
    expect(told).not.toContain('hunter2');
    if (heal !== undefined) {
      heal();
      expect(await running.pass()).toBeUndefined();
      expect(running.sync.problems()).toEqual([]);
      await running.end();
      await expectWhole(store, small);
    } else await running.end();
  }

  const refusals: readonly [number, string, string][] = isS3
    ? [
        [403, 'AccessDenied', 'STORE_DENIED'],
        [400, 'ExpiredToken', 'STORE_CREDENTIALS_EXPIRED'],
        [403, 'RequestTimeTooSkewed', 'STORE_CLOCK_SKEW'],
        [503, 'SlowDown', 'STORE_SLOW_DOWN'],
        [500, 'InternalError', 'STORE_UNREACHABLE'],
        [507, 'XMinioStorageFull', 'STORE_FULL'],
      ]
    : [
        [403, 'AuthorizationFailure', 'STORE_DENIED'],
        [403, 'AccountIsDisabled', 'STORE_DENIED'],
        [503, 'ServerBusy', 'STORE_SLOW_DOWN'],
        [500, 'OperationTimedOut', 'STORE_UNREACHABLE'],
      ];
  test.each(refusals)(
    '%i %s is %s, told with advice, and over when it is over',
    async (status, name, code) => {
      const proxy = await proxyBefore(server);
      for (const method of ['GET', 'PUT']) {
        const prefix = newPrefix('refused');
        const store = openStore(server, prefix, { endpoint: proxy.endpoint });
        proxy.fault = (request) => (request.method === method ? refusal(status, name) : undefined);
        await expectTrouble(store, code, () => {
          proxy.heal();
        });
      }
    },
  );

  test('a store that is busy for a moment is waited for', async () => {
    const proxy = await proxyBefore(server);
    const store = openStore(server, newPrefix('busy'), { endpoint: proxy.endpoint });
    // Every request is refused four times.
    const seen = new Map<string, number>();
    proxy.fault = ({ method, path }) => {
      const times = (seen.get(method + path) ?? 0) + 1;
      seen.set(method + path, times);
      return times % 5 === 0 ? undefined : refusal(503, isS3 ? 'SlowDown' : 'ServerBusy');
    };
    const running = new Process(store, [small]);
    expect(await running.pass()).toBeUndefined();
    await running.end();
    proxy.heal();
    await expectWhole(store, small);
  });

  test('wrong keys, a missing bucket and differing clocks are told apart', async () => {
    const prefix = newPrefix('settings');
    const settings = { accessKey: isS3 ? 'wrong' : 'd3Jvbmc=' };
    // Azurite has no word of its own for a wrong key.
    const code = isS3 ? 'STORE_CREDENTIALS' : 'STORE_DENIED';
    await expectTrouble(openStore(server, prefix, settings), code);
    await expectTrouble(openStore(server, prefix, { bucket: 'none' }), 'STORE_BUCKET_MISSING');
    const proxy = await proxyBefore(server);
    const hourLater = new Date(startMs + hourMs);
    const skewed = isS3 ? 'RequestTimeTooSkewed' : 'AuthenticationFailed';
    proxy.fault = () => refusal(403, skewed, hourLater);
    const store = openStore(server, prefix, { endpoint: proxy.endpoint });
    await expectTrouble(store, 'STORE_CLOCK_SKEW', () => {
      proxy.heal();
    });
  });

  test('a certificate that is not trusted is told, and taken when nobody asks', async () => {
    const [key, cert] = [join(root, 'key.pem'), join(root, 'cert.pem')];
    const shape = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const subject = ['-subj', '/CN=127.0.0.1', ...shape];
    const command = ['req', '-x509', '-nodes', '-keyout', key, '-out', cert, ...subject];
    execFileSync('openssl', command, { stdio: 'ignore' });
    const tls = { key: await readFile(key), cert: await readFile(cert) };
    const proxy = await FaultProxy.start(server.endpoint, tls);
    proxies.push(proxy);
    const options = { endpoint: proxy.endpoint, isSecure: true };
    const prefix = newPrefix('tls');
    await expectTrouble(openStore(server, prefix, options), 'STORE_CERTIFICATE');
    expect(proxy.requests).toEqual([]);
    const surroundings = { verifiesCertificates: false };
    const trusting = openStore(server, prefix, { ...options, surroundings });
    const running = new Process(trusting, [small]);
    expect(await running.pass()).toBeUndefined();
    await running.end();
    await expectWhole(trusting, small);
  });
}

function describeForeign(server: RemoteServer): void {
  test('what others keep in the same bucket is never touched', async () => {
    const store = openStore(server, newPrefix('shared'));
    const text = (content: string) => new TextEncoder().encode(content);
    const ulidOf = (last: string) => `${small.ulid.slice(0, 25)}${last}`;
    const foreign = [
      ['20261120/teams/file.png', 'x'],
      ['plugins/other.tar.gz', 'x'],
      [`${blocksPrefix}notes/meta.json`, '{}'],
      [`${blocksPrefix}${small.ulid.slice(0, 25)}/chunks/000001`, 'x'],
      // Damaged, huge and lying blocks.
      [blockKey(ulidOf('1'), 'meta.json'), '{"version":1,'],
      [blockKey(ulidOf('2'), 'meta.json'), `{"a":"${'x'.repeat(1.5 * 1024 * 1024)}"}`],
      [blockKey(ulidOf('3'), 'meta.json'), metaOf(ulidOf('4'), {})],
      [blockKey(ulidOf('5'), 'meta.json'), metaOf(ulidOf('5'), { minTime: 5, maxTime: 1 })],
      [blockKey(ulidOf('6'), 'meta.json'), metaOf(ulidOf('6'), { maxTime: 1e300 })],
      [blockKey(ulidOf('7'), 'meta.json'), metaOf(ulidOf('7'), {})],
      [blockKey(ulidOf('8'), 'meta.json'), '[]'],
    ] as const;
    for (const [key, content] of foreign) await store.put(key, text(content));
    // Its meta.json says that the index has more bytes than it has.
    const files = [{ rel_path: 'index', size_bytes: 100 }];
    const lying = metaOf(ulidOf('9'), { thanos: { files } });
    await store.put(blockKey(ulidOf('9'), 'meta.json'), text(lying));
    for (const path of ['index', 'chunks/000001']) {
      await store.put(blockKey(ulidOf('9'), path), text('x'));
    }
    const before = await keysOf(store, '');
    for (const nowMs of [startMs, startMs + 60 * 24 * hourMs]) {
      const running = new Process(store, [small], nowMs);
      expect(await running.pass()).toBeUndefined();
      expect(running.sync.problems()).toMatchObject([{ code: 'SYNC_DAMAGED_BLOCKS' }]);
      expect(running.sync.problems()[0]?.message).toContain('8 damaged blocks');
      expect(running.logged).toEqual(['SYNC_DAMAGED_BLOCKS']);
      expect(running.catalog.blocks().map(({ ulid }) => ulid)).toEqual([small.ulid]);
      await running.end();
    }
    const own = paths.map((path) => blockKey(small.ulid, path));
    expect(await keysOf(store, '')).toEqual([...before, ...own].sort());
  });
}

function metaOf(ulid: string, changes: object): string {
  const [minTime, maxTime] = [startMs - 2 * hourMs, startMs];
  return JSON.stringify({ version: 1, ulid, minTime, maxTime, stats: {}, ...changes });
}
