import { truncateSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { labelsOf, testSeed, withBench } from '../store/store-fixture.ts';
import { check, filesIn } from './check-fixture.ts';

/** `make soak` runs long; a plain test run takes its share with a new seed each time. */
const isSoak = process.env['SOAK'] === '1';
const lives = isSoak ? 20 : 1;
const rounds = isSoak ? 200 : 60;
const timeoutMs = isSoak ? 3_600_000 : 180_000;

const rangeMs = 20_000;
const seed = testSeed();

test(
  'what a store leaves on the disk is without errors, at any time and after each close',
  async () => {
    for (let life = 0; life < lives; life++) {
      const say = `SEED=${String(seed)} life ${String(life)}`;
      await withBench(async ({ dir, open, clock, rng }) => {
        const pick = (below: number) => rng.u32() % below;
        const options = { blockRangeMs: rangeMs, limits: { walSegmentBytes: 32 * 1024 } };
        let store = await open(options);
        const settle = () => {
          const { findings, summary } = check(dir);
          const bad = findings.filter(({ severity }) => severity === 'error');
          expect([say, bad]).toEqual([say, []]);
          return summary;
        };
        for (let round = 0; round < rounds; round++) {
          await clock.advance(pick(10) === 0 ? pick(rangeMs) : 1000);
          const batch = store.newBatch();
          for (let at = pick(30); at >= 0; at--) {
            // Some series come and go, so that references die and are made anew.
            const name = pick(4) === 0 ? `m${String(round)}` : `m${String(at)}`;
            batch.push(store.seriesRef(labelsOf(name, { i: 'é' })), pick(9), 1, clock.nowMs());
          }
          await store.commit(batch);
          if (pick(4) === 0) await store.maintain();
          if (pick(12) === 0) settle();
          if (pick(20) !== 0) continue;
          await store.close();
          settle();
          tearWal(dir, pick);
          store = await open(options);
          settle();
        }
        await store.maintain();
        await store.close();
        expect(settle()).toMatchObject({ warnings: 0 });
      }, seed + life);
    }
  },
  timeoutMs,
);

/** Now and then cuts the last segment as a crash does; the next start must repair it. */
function tearWal(dir: string, pick: (below: number) => number): void {
  const walDir = join(dir, 'wal');
  const last = filesIn(walDir)
    .filter((name) => /^\d{8}$/.test(name))
    .at(-1);
  if (last === undefined || pick(2) === 0) return;
  truncateSync(join(walDir, last), 1 + pick(2000));
}
