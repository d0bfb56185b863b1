import { compareUtf8 } from '../../bytes/index.ts';
import type { ThreadContext } from '../../runtime/index.ts';
import type { BlockMeta, JsonObject } from '../block/index.ts';
import {
  chunkSampleCount,
  decodeChunk,
  encodeChunk,
  SampleColumns,
  type ChunkEntry,
} from '../chunk/index.ts';
import { writeBlock, type BlockSeries } from '../disk/index.ts';
import type { HeadCopy } from '../head/index.ts';
import { chunkOf, decodeSymbols, groupBySeries, labelsOf } from './copied-series.ts';

/** Payload of the method `tsdb.writeHeadBlock`. */
export interface WriteHeadBlock {
  copy: HeadCopy;
  /** Samples outside `[mint, maxt)` are left out. */
  mint: number;
  maxt: number;
  parentDir: string;
  ulid: string;
  /** Further top-level keys of meta.json. */
  extra?: JsonObject;
}

/** Its result: null when no sample was in the range, and then nothing is left behind. */
export type WroteHeadBlock = { meta: BlockMeta; dir: string; sizeBytes: number } | null;

/** Writes copied head chunks as a block. Runs in a worker. */
export function writeHeadBlock(
  payload: WriteHeadBlock,
  context: Pick<ThreadContext, 'checkCancelled'>,
): WroteHeadBlock {
  const { parentDir, ulid, extra } = payload;
  const written = writeBlock({
    parentDir,
    ulid,
    series: headSeries(payload),
    checkCancelled: () => context.checkCancelled(),
    ...(extra === undefined ? {} : { extra }),
  });
  return written ?? null;
}

/** The series of the copy with at least one sample in the range, in order of their label sets. */
function* headSeries({ copy, mint, maxt }: WriteHeadBlock): Generator<BlockSeries> {
  const symbols = decodeSymbols(copy);
  const chunks = groupBySeries(copy);
  const trim = new ChunkTrimmer(mint, maxt);
  for (const slot of sortedSlots(copy, symbols, chunks.starts)) {
    const entries: ChunkEntry[] = [];
    for (let at = chunks.starts[slot]!; at < chunks.starts[slot + 1]!; at++) {
      const entry = trim.entry(copy, chunks.order[at]!);
      if (entry !== undefined) entries.push(entry);
    }
    if (entries.length > 0) yield { labels: labelsOf(copy, symbols, slot), chunks: entries };
  }
}

/** Slots with chunks, ordered by label set through the ranks of their symbols. */
function sortedSlots(copy: HeadCopy, symbols: string[], starts: Uint32Array): Uint32Array {
  const { pairs, pairsAt, pairsLength } = copy;
  const rank = rankOf(symbols);
  const used: number[] = [];
  for (let slot = 0; slot < pairsAt.length; slot++) {
    if (starts[slot + 1]! > starts[slot]!) used.push(slot);
  }
  return Uint32Array.from(used).sort((a, b) => {
    const atA = pairsAt[a]!;
    const atB = pairsAt[b]!;
    const shared = Math.min(pairsLength[a]!, pairsLength[b]!);
    for (let index = 0; index < shared; index++) {
      const order = rank[pairs[atA + index]!]! - rank[pairs[atB + index]!]!;
      if (order !== 0) return order;
    }
    return pairsLength[a]! - pairsLength[b]!;
  });
}

/** Place of each symbol in byte order. */
function rankOf(symbols: readonly string[]): Uint32Array {
  const order = Uint32Array.from(symbols.keys());
  order.sort((a, b) => compareUtf8(symbols[a]!, symbols[b]!));
  const rank = new Uint32Array(symbols.length);
  for (let place = 0; place < order.length; place++) rank[order[place]!] = place;
  return rank;
}

/** Takes chunks inside the range as they are and encodes those at its edges again. */
class ChunkTrimmer {
  readonly #mint: number;
  readonly #maxt: number;
  readonly #samples = new SampleColumns(256);

  constructor(mint: number, maxt: number) {
    this.#mint = mint;
    this.#maxt = maxt;
  }

  entry(copy: HeadCopy, at: number): ChunkEntry | undefined {
    const data = chunkOf(copy, at);
    const mint = copy.mint[at]!;
    const maxt = copy.maxt[at]!;
    if (mint >= this.#mint && maxt < this.#maxt) {
      return { mint, maxt, numSamples: chunkSampleCount(data), data };
    }
    return this.#trimmed(data);
  }

  #trimmed(data: Uint8Array): ChunkEntry | undefined {
    const samples = this.#samples;
    samples.clear();
    const count = decodeChunk(data, samples);
    const { times, lo, hi } = samples;
    let from = 0;
    while (from < count && times[from]! < this.#mint) from++;
    let to = count;
    while (to > from && times[to - 1]! >= this.#maxt) to--;
    if (from === to) return undefined;
    return {
      mint: times[from]!,
      maxt: times[to - 1]!,
      numSamples: to - from,
      data: encodeChunk(times, lo, hi, from, to),
    };
  }
}
