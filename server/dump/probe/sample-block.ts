import { mkdirSync } from 'node:fs';
import { openBlock, newUlid, writeBlock, type BlockReader } from '../../../lib/tsdb/index.ts';
import { codeOf, type Rng } from '../../../lib/runtime/index.ts';
import { maxRehearsedSamples, maxRehearsedSeries } from '../limits.ts';
import type { SampleBlock, SampleBlockRequest, SampleBlocks } from './protocol.ts';
import { selectedSeries } from './selected-series.ts';

/** Series that are taken one after another: neighbours share what makes bytes small. */
const seriesPerRun = 16;

/** Of so many runs one is in the part of a sample, and a sample has at least as many to have a part. */
const runsPerPart = 8;

/**
 * Writes two small blocks of some of a block's series, one of those that a filter selects and one of the
 * others: what a dump does with them can be timed. None of a block that is gone or cannot be read.
 */
export function writeSampleBlocks(
  { dir, filter, parentDir }: SampleBlockRequest,
  nowMs: number,
  rng: Rng,
): SampleBlocks {
  try {
    const reader = openBlock(dir);
    try {
      const selected = selectedSeries(reader.index, filter);
      const others = filter === null ? new Uint32Array() : othersThan(selected, reader);
      mkdirSync(parentDir, { recursive: true, mode: 0o700 });
      const write = (refs: Uint32Array) =>
        writeSome(reader, refs, parentDir, () => newUlid(nowMs, rng));
      return { selected: write(selected), others: write(others) };
    } finally {
      reader.close();
    }
  } catch (error) {
    // Deleted meanwhile, or damaged, which the dump will say.
    const code = codeOf(error) ?? '';
    if (code === 'ENOENT' || code.startsWith('TSDB_')) return { selected: null, others: null };
    throw error;
  }
}

function othersThan(selected: Uint32Array, { index }: BlockReader): Uint32Array {
  const isSelected = new Set(selected);
  return index.allPostings().filter((ref) => !isSelected.has(ref));
}

function writeSome(
  reader: BlockReader,
  refs: Uint32Array,
  parentDir: string,
  nextUlid: () => string,
): SampleBlock | null {
  const { numSamples, numSeries } = reader.meta.stats;
  const wanted = (maxRehearsedSamples * numSeries) / Math.max(1, numSamples);
  const runs = Math.ceil(Math.min(maxRehearsedSeries, wanted) / seriesPerRun);
  const chosen = spreadRuns(refs, runs);
  const write = (own: readonly number[]) => {
    const series = own.length;
    const written = writeBlock({
      ...{ parentDir, ulid: nextUlid() },
      series: (function* () {
        for (const ref of own) {
          const { chunks, labels } = reader.index.series(ref);
          yield { labels, chunks: chunks.map((chunk) => reader.chunk(chunk)) };
        }
      })(),
    });
    return written === undefined ? null : { dir: written.dir, series };
  };
  const whole = write(chosen);
  if (whole === null) return null;
  const hasPart = chosen.length >= runsPerPart * seriesPerRun;
  return { ...whole, ofSeries: refs.length, part: hasPart ? write(partOf(chosen)) : null };
}

/** The first of so many runs, again and again. */
function partOf(chosen: readonly number[]): number[] {
  return chosen.filter((_, at) => Math.floor(at / seriesPerRun) % runsPerPart === 0);
}

/** So many runs of neighbours, spread evenly. */
function spreadRuns(refs: Uint32Array, runs: number): number[] {
  if (refs.length <= runs * seriesPerRun) return [...refs];
  const chosen: number[] = [];
  const step = (refs.length - seriesPerRun) / Math.max(1, runs - 1);
  for (let run = 0; run < runs; run++) {
    const from = Math.floor(run * step);
    chosen.push(...refs.subarray(from, from + seriesPerRun));
  }
  return chosen;
}
