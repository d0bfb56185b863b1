// Method: data directories that the storage engine of the Go plugin wrote (test/vectors/go-plugin),
// and the formula by which that program made the samples.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../runtime/index.ts';
import {
  addSample,
  bitsOf,
  contentsOf,
  labelsOf,
  sorted,
  staleHi,
  staleLo,
  withBench,
  type Contents,
} from './store-fixture.ts';

const archive = fileURLToPath(
  new URL('../../../test/vectors/go-plugin/data.tar.gz', import.meta.url),
);
const startMs = 1_795_046_820_000;
const intervalMs = 60_000;
const scrapes = 270;
const gap = { series: 7, from: 100, to: 120 };

/** The samples as make.go made them. */
function expectedContents(): Contents {
  const contents: Contents = new Map();
  for (let series = 0; series < 24; series++) {
    const name = `mattermost_example_${String(series).padStart(2, '0')}_total`;
    const labels = labelsOf(name, {
      handler: `h${String(series % 5)}`,
      instance: 'localhost:8067',
      job: 'prometheus',
    });
    for (let scrape = 0; scrape < scrapes; scrape++) {
      const timeMs = startMs + scrape * intervalMs;
      const isInGap = series === gap.series && scrape >= gap.from && scrape < gap.to;
      if (isInGap && scrape > gap.from) continue;
      const value =
        series % 2 === 0 ? series * 1000 + scrape * (series + 1) : scrape / (series + 2);
      const [lo, hi] = isInGap ? [staleLo, staleHi] : bitsOf(value);
      addSample(contents, labels, timeMs, lo, hi);
    }
  }
  return contents;
}

describe.each(['closed', 'killed'])('a directory of the Go plugin that was %s', (how) => {
  test('gives every sample, and keeps nothing that only Prometheus understands', () =>
    withBench(async ({ dir, open }) => {
      mkdirSync(dir, { recursive: true });
      execFileSync('tar', ['xzf', archive, '-C', dir, '--strip-components=1', how]);
      const clock = new FakeClock(startMs + scrapes * intervalMs);
      const swept: string[] = [];
      const options = { clock, onSwept: (names: readonly string[]) => void swept.push(...names) };
      const store = await open(options);
      expect(store.problems()).toEqual([]);
      const expected = sorted(expectedContents());
      expect(sorted(await contentsOf(store))).toEqual(expected);
      await store.close();
      const left = readdirSync(dir).filter((name) => !/^[0-9A-Z]{26}$/.test(name));
      expect(left.sort()).toEqual(expect.arrayContaining(['wal']));
      expect(left.filter((name) => name.startsWith('chunk'))).toEqual([]);
      if (how === 'closed') {
        expect(swept).toEqual(['chunk_snapshot.000003.0000000000', 'chunks_head']);
      }

      const again = await open({ clock });
      expect(sorted(await contentsOf(again))).toEqual(expected);
      await again.close();
      expect(readdirSync(join(dir, 'wal')).length).toBeGreaterThan(0);
    }));
});
