import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { describe, expect } from '@jest/globals';
import { testNeeding } from '../../../test/programs.ts';
import type { Labels } from '../labels.ts';
import type { Store } from './store.ts';
import { benchStartMs, bitsOf, labelsOf, staleHi, staleLo, withBench } from './store-fixture.ts';

const testWithPromtool = testNeeding({ programs: ['promtool'] });

/** What promtool reads in a copy of a store's directory, one line per sample. */
function dump(dir: string): string[] {
  const copy = `${dir}-promtool`;
  cpSync(dir, copy, { recursive: true });
  const run = spawnSync('promtool', ['tsdb', 'dump', copy], { encoding: 'utf8' });
  rmSync(copy, { recursive: true, force: true });
  expect(run.stderr).toBe('');
  return run.stdout.trimEnd().split('\n').sort();
}

function line(labels: Labels, value: number, timeMs: number): string {
  const pairs: string[] = [];
  for (let at = 0; at < labels.length; at += 2) pairs.push(`${labels[at]!}="${labels[at + 1]!}"`);
  return `{${pairs.join(', ')}} ${String(value)} ${String(timeMs)}`;
}

/** One scrape per step with a value that moves, one that stands, and a stale marker at times. */
async function fill(store: Store, from: number, to: number, stepMs: number): Promise<string[]> {
  const lines: string[] = [];
  for (let at = from; at < to; at++) {
    const timeMs = benchStartMs + at * stepMs;
    const batch = store.newBatch();
    for (let series = 0; series < 30; series++) {
      const labels = labelsOf(`m${String(series % 3)}`, { s: String(series), ünï: 'ß' });
      const isStale = at % 50 === 49 && series === 0;
      const value = series % 2 === 0 ? 5 : at * series + 0.5;
      const [lo, hi] = isStale ? [staleLo, staleHi] : bitsOf(value);
      batch.push(store.seriesRef(labels), lo, hi, timeMs);
      lines.push(line(labels, isStale ? Number.NaN : value, timeMs));
    }
    await store.commit(batch);
  }
  return lines;
}

describe('promtool', () => {
  testWithPromtool('reads the same samples from a directory with only a WAL', () =>
    withBench(async ({ open, clock, dir }) => {
      const store = await open({ limits: { walSegmentBytes: 32 * 1024 } });
      await clock.advance(3_600_000);
      const want = await fill(store, 0, 100, 15_000);
      await store.close();
      expect(dump(dir)).toEqual(want.sort());
    }),
  );

  testWithPromtool(
    'reads the same samples from blocks, checkpoint and WAL, after restarts too',
    () =>
      withBench(async ({ open, clock, dir }) => {
        let store = await open();
        await clock.advance(12 * 3_600_000);
        const want = await fill(store, 0, 60, 240_000);
        await store.maintain();
        await store.close();
        store = await open();
        want.push(...(await fill(store, 60, 130, 240_000)));
        await store.maintain();
        expect(store.blocks().length).toBe(3);
        await store.close();
        expect(dump(dir)).toEqual(want.sort());
      }),
  );
});
