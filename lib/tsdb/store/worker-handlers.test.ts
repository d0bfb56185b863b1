import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Thread } from '../../runtime/index.ts';
import {
  addSample,
  benchStartMs as start,
  bitsOf,
  contentsOf,
  labelsOf,
  sorted,
  staleHi,
  staleLo,
  withBench,
  type Contents,
} from './store-fixture.ts';

test('blocks, checkpoints and snapshots come whole out of a real thread', () =>
  withBench(async ({ open, clock, dir }) => {
    const entry = new URL('./thread-fixture.ts', import.meta.url);
    const thread = new Thread({ name: 'store', entry: { kind: 'file', path: entry } });
    try {
      const store = await open({ thread, metaExtra: { thanos: { labels: { cluster: 'c' } } } });
      await clock.advance(4 * 3_600_000);
      const want: Contents = new Map();
      for (let at = 0; at < 200; at++) {
        const batch = store.newBatch();
        const timeMs = start + at * 60_000;
        for (let series = 0; series < 50; series++) {
          const labels = labelsOf('m', { series: String(series) });
          const [lo, hi] = at % 9 === series ? [staleLo, staleHi] : bitsOf(at * series);
          batch.push(store.seriesRef(labels), lo, hi, timeMs);
          addSample(want, labels, timeMs, lo, hi);
        }
        await store.commit(batch);
      }
      await store.maintain();
      expect(store.problems()).toEqual([]);
      expect(store.blocks()).toHaveLength(1);
      expect(readdirSync(join(dir, 'wal')).sort()).toEqual(['00000001', 'checkpoint.00000000']);
      expect(sorted(await contentsOf(store))).toEqual(sorted(want));
      const parentDir = join(dir, '..', 'snapshot');
      mkdirSync(parentDir);
      const signal = AbortSignal.abort();
      await expect(store.snapshotHead({ parentDir, signal })).rejects.toMatchObject({
        code: 'THREAD_CANCELLED',
      });
      expect(readdirSync(parentDir)).toEqual([]);
    } finally {
      await thread.stop();
    }
  }));
