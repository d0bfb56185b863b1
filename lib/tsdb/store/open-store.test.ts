import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { benchStartMs as start, putSample as put, withBench } from './store-fixture.ts';

const hourMs = 3_600_000;

describe('open and close', () => {
  test('makes the directory for the owner and the group only', () =>
    withBench(async ({ open, dir }) => {
      await open();
      expect(statSync(dir).mode & 0o777).toBe(0o750);
    }));

  test('refuses a second store over one directory and frees it when closed', () =>
    withBench(async ({ open, clock }) => {
      const store = await open();
      await expect(open()).rejects.toMatchObject({ code: 'TSDB_LOCKED', pid: process.pid });
      await store.close();
      await store.close();
      const again = await open();
      await again.flush();
      await again.close();
      expect(clock.pendingTimers).toBe(0);
      await expect(again.commit(again.newBatch())).rejects.toMatchObject({ code: 'TSDB_CLOSED' });
    }));

  test.each([
    ['a dead process', JSON.stringify({ pid: 2 ** 22 + 1, startTicks: '1' })],
    ['an earlier process of this number', JSON.stringify({ pid: process.pid, startTicks: '1' })],
    ['Prometheus', ''],
    ['nobody we know', 'garbage'],
  ])('takes over the lock of %s', (_name, text) =>
    withBench(async ({ open, dir }) => {
      mkdirSync(dir);
      writeFileSync(join(dir, 'lock'), text);
      await open();
    }),
  );

  test('removes what unfinished work has left and tells what it was', () =>
    withBench(async ({ open, dir }) => {
      const block = '01HE949VD3YTRWF8GXT2TC97KJ.tmp-for-creation';
      mkdirSync(join(dir, block), { recursive: true });
      mkdirSync(join(dir, 'wal', 'checkpoint.00000003.tmp'), { recursive: true });
      const swept: string[] = [];
      await open({ onSwept: (names) => swept.push(...names) });
      expect(swept).toEqual([block]);
      expect(readdirSync(dir).sort()).toEqual(['lock', 'wal']);
      expect(readdirSync(join(dir, 'wal'))).toEqual(['00000000']);
    }));

  test('tells of a block that cannot be read and leaves it there', () =>
    withBench(async ({ open, dir }) => {
      const ulid = '01HE949VD3YTRWF8GXT2TC97KJ';
      mkdirSync(join(dir, ulid), { recursive: true });
      writeFileSync(join(dir, ulid, 'meta.json'), '{"version":1');
      const store = await open();
      expect(store.problems()).toMatchObject([{ code: 'TSDB_BAD_BLOCK' }]);
      expect(store.problems()[0]!.message).toContain(ulid);
      expect(store.blocks()).toEqual([]);
      expect(existsSync(join(dir, ulid))).toBe(true);
    }));

  test('deletes a block by its name only', () =>
    withBench(async ({ open, clock, dir }) => {
      const store = await open();
      await clock.advance(4 * hourMs);
      await put(store, 'a', start);
      await put(store, 'a', start + 3 * hourMs + 1);
      await store.maintain();
      const { ulid } = store.blocks()[0]!;
      await store.deleteBlock(ulid);
      expect(readdirSync(dir).sort()).toEqual(['lock', 'wal']);
      await expect(store.deleteBlock(ulid)).rejects.toMatchObject({ code: 'TSDB_NO_BLOCK' });
      // The range stays closed: its samples went with the block.
      expect(await put(store, 'b', start)).toMatchObject({ tooOld: 1 });
    }));
});
