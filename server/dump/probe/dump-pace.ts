import type { Dump } from '../../../api/index.ts';
import type { DumpContent } from '../content.ts';
import { maxPacedDumps } from '../limits.ts';
import type { EstimateResult } from './protocol.ts';

/** What a dump costs on a modest machine, measured there. */
const costs = {
  /** Snapshot of the head, looking at the file store, reading back. */
  baseSeconds: 1,
  /** Of blocks that are read, checked and written anew. */
  secondsPerSourceByte: 1 / (40 * 1024 * 1024),
  /** Of samples that are decoded and encoded, when it is thinned. */
  secondsPerThinnedSample: 1 / 15e6,
  /** Of the archive: compressed, hashed, stored and read back. */
  secondsPerArchiveByte: 1 / (15 * 1024 * 1024),
} as const;

/** A dump shorter than this tells of the machine's mood rather than of its pace. */
const shortSeconds = 3;

/**
 * How long dumps take: what they cost on a modest machine, corrected by what those that this node made
 * have taken.
 */
export class DumpPace {
  readonly #node: string;
  readonly #dumps: () => readonly Dump[];

  constructor(node: string, dumps: () => readonly Dump[]) {
    this.#node = node;
    this.#dumps = dumps;
  }

  seconds(result: EstimateResult, { stepSeconds }: Pick<DumpContent, 'stepSeconds'>): number {
    const { bytes, sourceBytes, sourceSamples } = result;
    const cost =
      sourceBytes * costs.secondsPerSourceByte +
      (stepSeconds === 0 ? 0 : sourceSamples * costs.secondsPerThinnedSample) +
      bytes * costs.secondsPerArchiveByte;
    return Math.ceil(costs.baseSeconds + cost * this.#factor());
  }

  /** How much longer the last dumps took than they would on a modest machine; the middle one counts. */
  #factor(): number {
    const factors: number[] = [];
    for (const dump of this.#dumps()) {
      const factor = factorOf(dump, this.#node);
      if (factor !== undefined) factors.push(factor);
      if (factors.length === maxPacedDumps) break;
    }
    factors.sort((a, b) => a - b);
    return factors[factors.length >> 1] ?? 1;
  }
}

/** Only whole dumps tell it: of others it is not known how much was read for them. */
function factorOf(dump: Dump, node: string): number | undefined {
  const { filter, finishedAtMs, sizeBytes, startedAtMs, state, stepSeconds } = dump;
  if (state !== 'ready' || dump.node !== node || filter !== null || stepSeconds !== 0) return;
  if (startedAtMs === null || finishedAtMs === null || sizeBytes === null) return;
  const seconds = (finishedAtMs - startedAtMs) / 1000 - costs.baseSeconds;
  // Blocks are half as large again as what is packed of them, about.
  const cost = sizeBytes * (costs.secondsPerArchiveByte + 1.5 * costs.secondsPerSourceByte);
  return seconds < shortSeconds || cost === 0 ? undefined : seconds / cost;
}
