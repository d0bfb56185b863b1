// Blocks on their way to real servers, through a proxy that hurts them; check-objectstore.ts starts
// the servers and runs this by jest.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { blockKey, blocksPrefix } from '../../server/share/index.ts';
import { blockPaths, hourMs, startMs, SyncProcess, FaultBed } from './fault-bed.ts';
import { describeReads, describeRefusals } from './faults-of-answers.ts';
import { describeUploads } from './faults-of-uploads.ts';
import { objectStoreServers, type RemoteServer } from './objectstore-servers.ts';

let current: FaultBed;
const bed = () => current;

beforeAll(async () => {
  current = await FaultBed.create();
});

afterAll(() => current.close());

for (const server of objectStoreServers(process.env)) {
  describe(server.name, () => {
    describeUploads(server, bed);
    describeReads(server, bed);
    describeRefusals(server, bed);
    describeForeign(server);
  });
}

function describeForeign(server: RemoteServer): void {
  test('what others keep in the same bucket is never touched', async () => {
    const store = bed().openStore(server, bed().newPrefix('shared'));
    const text = (content: string) => new TextEncoder().encode(content);
    const ulidOf = (last: string) => `${bed().small.ulid.slice(0, 25)}${last}`;
    const foreign = [
      ['20261120/teams/file.png', 'x'],
      ['plugins/other.tar.gz', 'x'],
      [`${blocksPrefix}notes/meta.json`, '{}'],
      [`${blocksPrefix}${bed().small.ulid.slice(0, 25)}/chunks/000001`, 'x'],
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
      const running = new SyncProcess(store, [bed().small], nowMs);
      expect(await running.pass()).toBeUndefined();
      expect(running.sync.problems()).toMatchObject([{ code: 'SYNC_DAMAGED_BLOCKS' }]);
      expect(running.sync.problems()[0]?.message).toContain('8 damaged blocks');
      expect(running.logged).toEqual(['SYNC_DAMAGED_BLOCKS']);
      expect(running.catalog.blocks().map(({ ulid }) => ulid)).toEqual([bed().small.ulid]);
      await running.end();
    }
    const own = blockPaths.map((path) => blockKey(bed().small.ulid, path));
    expect(await keysOf(store, '')).toEqual([...before, ...own].sort());
  });
}

function metaOf(ulid: string, changes: object): string {
  const [minTime, maxTime] = [startMs - 2 * hourMs, startMs];
  return JSON.stringify({ version: 1, ulid, minTime, maxTime, stats: {}, ...changes });
}
