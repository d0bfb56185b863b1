import type { DumpFilter } from '../../../api/index.ts';
import type { OpenRequest } from '../packing/index.ts';

/** A block that a dump would be made of, or what is not yet one. Times are `[mint, maxt)`. */
export interface ProbeSource {
  mint: number;
  maxt: number;
  numSamples: number;
  numSeries: number;
  sizeBytes: number;
  /** Where its files are; null when they are not on this node. */
  dir: string | null;
  /** A block; the head, which has no files; or a part of it as a block, whose samples count there. */
  kind: 'block' | 'head' | 'head-part';
}

/** What of the sources is asked for. */
export interface ProbeRequest {
  sources: ProbeSource[];
  fromMs: number;
  toMs: number;
  filter: DumpFilter | null;
  /** Whether hosts and ids become aliases. */
  isRedacted: boolean;
  thinning: OpenRequest['thinning'];
}

/** `dump.estimate`. */
export interface EstimateRequest extends ProbeRequest {
  /** Texts that the archive will have beside its blocks. */
  texts: readonly string[];
  /** Time to look at blocks; one is looked at in any case. */
  budgetMs: number;
}

/** Answer of `dump.estimate`. */
export interface EstimateResult {
  /** Of the archive. */
  bytes: number;
  samples: number;
  series: number;
  /** Of the sources, in the range: what is to be read. */
  sourceSamples: number;
  sourceBytes: number;
}

/** `dump.preview`. */
export interface PreviewRequest extends ProbeRequest {
  /** Hosts that the manifest will name. */
  hosts: readonly string[];
  maxEntries: number;
  maxExamples: number;
  budgetMs: number;
}

/** `dump.sampleBlocks`: writes some of a block's series as small blocks. */
export interface SampleBlockRequest {
  dir: string;
  filter: DumpFilter | null;
  /** Gets the small blocks. */
  parentDir: string;
}

/** A block of some of a block's series. */
export interface SampleBlock {
  dir: string;
  /** Series in it, and of how many they are some. */
  series: number;
  ofSeries: number;
  /** A still smaller one of some of them, which has all that a block takes however small it is; null where this one is small. */
  part: { dir: string; series: number } | null;
}

/** Answer of `dump.sampleBlocks`; null where there are no such series, or the block is gone. */
export interface SampleBlocks {
  /** Of series that the filter selects; of all without one. */
  selected: SampleBlock | null;
  /** Of those that it leaves out. */
  others: SampleBlock | null;
}
