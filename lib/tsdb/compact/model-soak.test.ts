import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { seededRng, systemRng } from '../../runtime/index.ts';
import { checkDirectory } from '../check/index.ts';
import { deleteBlock, listBlockDirs, openBlock, readBlockMeta, writeBlock } from '../disk/index.ts';
import { bitsOf, modelOf, put, seriesOf, sorted, staleBits, type Model } from '../model-fixture.ts';
import { newUlid } from '../ulid.ts';
import { mergeBlocks, planCompaction } from './index.ts';

/** `make soak` runs long; a plain test run takes its share with a new seed each time. */
const isSoak = process.env['SOAK'] === '1';
const rounds = isSoak ? 200 : 3;
const timeoutMs = isSoak ? 3_600_000 : 180_000;

const ranges = [20_000, 60_000, 180_000];
const seed =
  process.env['SEED'] === undefined
    ? new DataView(systemRng.bytes(4).buffer as ArrayBuffer).getUint32(0)
    : Number(process.env['SEED']);

/** What all blocks of a directory hold together. */
function contentOf(dir: string): ReturnType<typeof sorted> {
  const all: Model = new Map();
  for (const blockDir of listBlockDirs(dir)) {
    const block = openBlock(blockDir);
    for (const [key, samples] of modelOf(block)) {
      for (const [timeMs, bits] of samples) put(all, JSON.parse(key) as string[], timeMs, bits);
    }
    block.close();
  }
  return sorted(all);
}

/** Merges until nothing is left to do; every step must leave a right directory. */
function compactAll(dir: string, ulid: () => string, say: string): void {
  const blocks = () =>
    listBlockDirs(dir).map((blockDir) => {
      const { ulid: name, minTime: mint, maxTime: maxt, stats } = readBlockMeta(blockDir);
      const { numSeries } = stats;
      return {
        ulid: name,
        mint,
        maxt,
        numSeries,
        numTombstones: 0,
        hasFailed: false,
        dir: blockDir,
      };
    });
  for (let step = 0; ; step++) {
    expect([say, step]).not.toEqual([say, 1000]);
    const plan = planCompaction(blocks(), ranges);
    if (plan === undefined) return;
    const dirs = plan.blocks.map((block) => block.dir);
    const payload = { dirs, parentDir: dir, ulid: ulid() };
    const merged = mergeBlocks(payload, { checkCancelled: () => undefined });
    const sources = dirs.flatMap((source) => readBlockMeta(source).compaction.sources);
    expect(merged?.meta.compaction.sources).toEqual([...new Set(sources)].sort());
    for (const source of dirs) deleteBlock(source);
    checkDirectory(dir, {
      report(finding) {
        // Blocks that are not merged yet may overlap.
        if (finding.code === 'CHECK_OVERLAP') return;
        expect([say, step, finding]).toEqual([say, step, 'nothing']);
      },
    });
  }
}

test(
  'merging keeps every sample once, and leaves directories without findings',
  () => {
    const rng = seededRng(seed);
    const pick = (below: number) => rng.u32() % below;
    for (let round = 0; round < rounds; round++) {
      const dir = mkdtempSync(join(tmpdir(), 'tsdb-compact-'));
      const say = `SEED=${String(seed)} round ${String(round)}`;
      try {
        const ulid = () => newUlid(1_700_000_000_000 + round, rng);
        const hasOverlaps = pick(2) === 0;
        for (let block = pick(14); block >= 0; block--) {
          if (!hasOverlaps && pick(6) === 0) continue;
          const model: Model = new Map();
          const mint = hasOverlaps ? pick(260_000) : block * ranges[0]!;
          for (let at = 3 + pick(60); at >= 0; at--) {
            const timeMs = mint + pick(ranges[0]!);
            // The value follows from the time: where blocks overlap they agree.
            const bits = timeMs % 7 === 0 ? staleBits : bitsOf(timeMs % 100);
            put(model, ['__name__', `m${String(pick(5))}`], timeMs, bits);
          }
          writeBlock({ parentDir: dir, ulid: ulid(), series: seriesOf(model, 1 + pick(20)) });
        }
        const before = contentOf(dir);
        compactAll(dir, ulid, say);
        expect([say, contentOf(dir)]).toEqual([say, before]);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    }
  },
  timeoutMs,
);
