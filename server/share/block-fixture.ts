import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRng, type Rng } from '../../lib/runtime/index.ts';
import {
  deleteBlock,
  labelsFrom,
  newUlid,
  readBlockMeta,
  writeBlock,
  type BlockInfo,
} from '../../lib/tsdb/index.ts';
import { encodeChunk } from '../../lib/tsdb/chunk/index.ts';
import type { LocalBlocks } from './index.ts';

/** What a test block holds: `seriesCount` counters with a sample each `stepMs` in `[mint, maxt)`. */
export interface TestBlock {
  parentDir: string;
  mint: number;
  maxt: number;
  stepMs?: number;
  seriesCount?: number;
  /** Makes the ULIDs of one test differ. */
  seed?: number;
  /** Values: a counter in steps of one; random bits, about nine bytes a sample; or as real ones are. */
  isNoisy?: boolean;
  isLifelike?: boolean;
  /** Time of the ULID; the block's end when absent. */
  ulidMs?: number;
}

/** Writes a real block and tells of it what the local store would. */
export async function makeBlock(block: TestBlock): Promise<BlockInfo> {
  const { parentDir, mint, maxt, seed = 1, stepMs = 15_000, seriesCount = 3, ulidMs } = block;
  const noise = block.isNoisy === true ? seededRng(seed) : undefined;
  await mkdir(parentDir, { recursive: true });
  const ulid = newUlid(ulidMs ?? maxt, seededRng(seed));
  const timesMs: number[] = [];
  for (let timeMs = mint; timeMs < maxt; timeMs += stepMs) timesMs.push(timeMs);
  const lifelike = block.isLifelike === true ? lifelikeChunks(timesMs, seed) : undefined;
  const series = Array.from({ length: seriesCount }, (_, at) => ({
    labels: labelsFrom([
      ['__name__', 'test_requests_total'],
      ['instance', `host-${String(at).padStart(6, '0')}:8067`],
      ['job', 'mattermost'],
    ]),
    chunks: lifelike?.[at % lifelike.length] ?? chunksOf(timesMs, noise),
  }));
  const written = writeBlock({ parentDir, ulid, series, mint, maxt });
  if (written === undefined) throw new Error('a test block without samples');
  return await blockInfo(written.dir);
}

/** The facts of a block on disk. */
export async function blockInfo(dir: string): Promise<BlockInfo> {
  const meta = readBlockMeta(dir);
  const names = ['index', 'meta.json', 'tombstones'];
  for (const name of await readdir(join(dir, 'chunks'))) names.push(`chunks/${name}`);
  let sizeBytes = 0;
  for (const name of names) sizeBytes += (await stat(join(dir, name))).size;
  return {
    ulid: meta.ulid,
    dir,
    mint: meta.minTime,
    maxt: meta.maxTime,
    numSamples: meta.stats.numSamples,
    numSeries: meta.stats.numSeries,
    sizeBytes,
    sources: meta.compaction.sources,
  };
}

/** Local blocks as a directory, without head and WAL. */
export class BlockShelf implements LocalBlocks {
  readonly #blocks: BlockInfo[] = [];

  add(...blocks: BlockInfo[]): void {
    this.#blocks.push(...blocks);
    this.#blocks.sort((a, b) => a.mint - b.mint);
  }

  blocks(): readonly BlockInfo[] {
    return [...this.#blocks];
  }

  stats(): { sizeBytes: number } {
    return { sizeBytes: this.#blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  }

  async deleteBlock(ulid: string): Promise<void> {
    const at = this.#blocks.findIndex((block) => block.ulid === ulid);
    const [block] = at < 0 ? [] : this.#blocks.splice(at, 1);
    if (block === undefined) throw new Error('no such block');
    await Promise.resolve();
    deleteBlock(block.dir);
  }
}

/** Lower-case hex of the SHA-256. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Removes a directory with all in it. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/**
 * Chunks of some series to be had over and over: of eight four stand still, three are counters with uneven
 * steps and one is a gauge that wanders.
 */
function lifelikeChunks(timesMs: number[], seed: number) {
  const rng = seededRng(seed);
  return Array.from({ length: 64 }, (_, kind) => {
    let value = 1000 * kind;
    return chunksOf(timesMs, undefined, () => {
      if (kind % 8 >= 4) return value;
      const step = rng.u32() % 1000;
      if (kind % 8 === 0) value += step % 3 === 0 ? (step % 50) - 25 : 0;
      else value += step % 3 === 0 ? step : 0;
      return value;
    });
  });
}

/** A counter that grows by one each sample, 120 samples a chunk. */
function chunksOf(timesMs: number[], noise?: Rng, next?: () => number) {
  const chunks = [];
  for (let at = 0; at < timesMs.length; at += 120) {
    const times = timesMs.slice(at, at + 120);
    const bits = new DataView(new ArrayBuffer(8));
    const columns = {
      times: Float64Array.from(times),
      lo: new Uint32Array(times.length),
      hi: new Uint32Array(times.length),
    };
    for (const step of times.keys()) {
      bits.setFloat64(0, next?.() ?? at + step);
      columns.hi[step] = bits.getUint32(0);
      columns.lo[step] = bits.getUint32(4);
      if (noise === undefined) continue;
      // Any sign and mantissa with this exponent is an ordinary number.
      const random = new DataView(noise.bytes(8).buffer);
      columns.hi[step] = (random.getUint32(0) & 0x800f_ffff) | 0x3ff0_0000;
      columns.lo[step] = random.getUint32(4);
    }
    chunks.push({
      mint: times[0] ?? 0,
      maxt: times.at(-1) ?? 0,
      numSamples: times.length,
      data: encodeChunk(columns.times, columns.lo, columns.hi, 0, times.length),
    });
  }
  return chunks;
}
