import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { readObject } from '../../lib/objectstore/index.ts';
import type { BlockInfo } from '../../lib/tsdb/index.ts';
import { blockKey, blocksPrefix } from '../../server/share/index.ts';
import { expectWhole, hourMs, startMs, SyncProcess, type FaultBed } from './fault-bed.ts';
import type { FaultProxy, ProxiedRequest, ProxyFault } from './fault-proxy.ts';
import type { RemoteServer } from './objectstore-servers.ts';

const cuts: ProxyFault[] = (['before', 'within', 'after'] as const).map((at) => {
  return { kind: 'cut', at };
});

export function describeUploads(server: RemoteServer, bed: () => FaultBed): void {
  for (const fault of cuts) {
    const name = fault.kind === 'cut' ? fault.at : '';
    test(`a process that ends with its connection cut ${name} any single request loses no block`, async () => {
      const proxy = await bed().proxyBefore(server);
      for (const block of [bed().small, bed().large]) {
        const requests = await requestsOf(bed(), server, proxy, block);
        expect(requests.length).toBeGreaterThan(15);
        for (const { number, path } of requests) {
          // The large one differs from the small one in the upload of its chunks.
          if (block === bed().large && !path.includes('chunks')) continue;
          const prefix = bed().newPrefix('killed');
          const store = bed().openStore(server, prefix, { endpoint: proxy.endpoint });
          proxy.heal();
          // From the first cut on nothing comes through any more: this process is dead.
          proxy.fault = (request) => {
            if (request.number < number) return undefined;
            return request.number === number ? fault : { kind: 'cut', at: 'before' };
          };
          const killed = new SyncProcess(store, [block]);
          expect(await killed.pass()).toBeDefined();
          await killed.end();
          await store.close();
          proxy.heal();
          const next = bed().openStore(server, prefix, { endpoint: proxy.endpoint });
          const resumed = new SyncProcess(next, [block]);
          expect(await resumed.pass()).toBeUndefined();
          await resumed.end();
          await expectWhole(next, block);
        }
      }
    }, 900_000);

    test(`one connection cut ${name} any single request is not noticed`, async () => {
      const proxy = await bed().proxyBefore(server);
      let isLast = false;
      for (let at = 0; !isLast; at++) {
        const store = bed().openStore(server, bed().newPrefix('cut'), { endpoint: proxy.endpoint });
        proxy.heal();
        proxy.fault = ({ number }) => (number === at ? fault : undefined);
        const running = new SyncProcess(store, [bed().small]);
        expect(await running.pass()).toBeUndefined();
        isLast = proxy.requests.length <= at;
        await running.end();
        await expectWhole(store, bed().small);
      }
    }, 900_000);
  }

  test('an upload in parts whose answers are all lost once is whole at the first try', async () => {
    const proxy = await bed().proxyBefore(server);
    const seen = new Set<string>();
    proxy.fault = ({ method, path }) => {
      // An upload has a new name each time it begins.
      const isNew = !path.includes('uploads') && !seen.has(method + path);
      seen.add(method + path);
      return isNew ? { kind: 'cut', at: 'after' } : undefined;
    };
    const store = bed().openStore(server, bed().newPrefix('lost'), { endpoint: proxy.endpoint });
    const bytes = await readFile(join(bed().large.dir, 'chunks/000001'));
    expect(await store.put('object', bytes)).toMatchObject({ sizeBytes: bytes.length });
    proxy.heal();
    const read = await readObject(store, 'object', { limitBytes: Infinity });
    expect(Buffer.compare(read, bytes)).toBe(0);
  });

  test('half blocks of others leave after two days, and nothing else does', async () => {
    const store = bed().openStore(server, bed().newPrefix('halves'));
    await store.put(blockKey(bed().small.ulid, 'chunks/000001'), new Uint8Array(5));
    await store.put(`${blocksPrefix}notes.txt`, new Uint8Array(5));
    const early = new SyncProcess(store, [], startMs + 46 * hourMs);
    expect(await early.pass()).toBeUndefined();
    await early.end();
    expect(await keysOf(store, '')).toHaveLength(2);
    const late = new SyncProcess(store, [], startMs + 50 * hourMs);
    expect(await late.pass()).toBeUndefined();
    await late.end();
    expect(await keysOf(store, '')).toEqual([`${blocksPrefix}notes.txt`]);
  });

  test('an upload over a slow line takes its time', async () => {
    const proxy = await bed().proxyBefore(server);
    const options = { endpoint: proxy.endpoint, idleMs: 1000 };
    const store = bed().openStore(server, bed().newPrefix('slow'), options);
    // Each request below the limit of silence, all of them far beyond it.
    proxy.fault = () => ({ kind: 'delay', delayMs: 150 });
    const running = new SyncProcess(store, [bed().small]);
    expect(await running.pass()).toBeUndefined();
    await running.end();
    proxy.fault = () => ({ kind: 'delay', delayMs: 10_000 });
    await expect(store.head('key')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    proxy.heal();
    await expectWhole(store, bed().small);
  });
}

/** The requests of a pass that uploads a block with nothing in its way. */
async function requestsOf(
  bed: FaultBed,
  server: RemoteServer,
  proxy: FaultProxy,
  block: BlockInfo,
): Promise<ProxiedRequest[]> {
  const store = bed.openStore(server, bed.newPrefix('clean'), { endpoint: proxy.endpoint });
  proxy.heal();
  const running = new SyncProcess(store, [block]);
  expect(await running.pass()).toBeUndefined();
  const requests = [...proxy.requests];
  await running.end();
  return requests;
}
