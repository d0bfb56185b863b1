import {
  ChunkEncoder,
  SampleColumns,
  chunkEncoding,
  decodeChunk,
  type ChunkEntry,
} from '../chunk/index.ts';
import type { Labels } from '../labels.ts';
import { targetChunkSamples } from '../limits.ts';
import { thinSamples, type Thinning } from './thin-samples.ts';

type Chunks = readonly Required<ChunkEntry>[];

/** Thins the chunks of one series after another, in the same memory. */
export class ChunkThinner {
  readonly #thinning: Thinning;
  readonly #samples = new SampleColumns(1024);
  readonly #encoder = new ChunkEncoder(32 + 10 * targetChunkSamples);

  constructor(thinning: Thinning) {
    this.#thinning = thinning;
  }

  /** Chunks with the samples that stay. Series with other encodings than XOR are left as they are. */
  thinned(labels: Labels, chunks: Chunks): Chunks {
    if (chunks.some(({ encoding }) => encoding !== chunkEncoding.xor)) return chunks;
    const samples = this.#samples;
    samples.clear();
    for (const { data } of chunks) decodeChunk(data, samples);
    const { isCounter, stepMs } = this.#thinning;
    const countBefore = samples.count;
    thinSamples(samples, stepMs, isCounter(labels));
    return samples.count === countBefore ? chunks : this.#encoded();
  }

  #encoded(): Chunks {
    const { count, times, lo, hi } = this.#samples;
    const chunks: Required<ChunkEntry>[] = [];
    for (let from = 0; from < count; from += targetChunkSamples) {
      const to = Math.min(count, from + targetChunkSamples);
      this.#encoder.reset();
      for (let at = from; at < to; at++) this.#encoder.append(times[at]!, lo[at]!, hi[at]!);
      const range = { mint: times[from]!, maxt: times[to - 1]!, numSamples: to - from };
      chunks.push({ ...range, data: this.#encoder.finish(), encoding: chunkEncoding.xor });
    }
    return chunks;
  }
}
