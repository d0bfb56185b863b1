import type { DumpFilter } from '../../../api/index.ts';
import type { MetricTypes } from '../series/index.ts';

/** One file in an archive. */
export interface PackedFile {
  /** Name of the member, relative. */
  path: string;
  sizeBytes: number;
  /** Lower-case hex. */
  sha256: string;
}

/** One block in an archive. Times are `[mint, maxt)`. */
export interface PackedBlock {
  ulid: string;
  mint: number;
  maxt: number;
  samples: number;
  series: number;
  /** ULIDs of the blocks it was made of; a snapshot of the head is one. */
  sources: string[];
}

/** `dump.open`: begins an archive. */
export interface OpenRequest {
  /** Names the archive in later calls. */
  id: string;
  /** Time of all members. */
  dateMs: number;
  /** The archive may not become larger; an error with code `DUMP_TOO_LARGE` otherwise. */
  maxBytes: number;
  /** Hosts and ids become aliases made with it; null leaves them as they are. */
  aliasSecret: Uint8Array | null;
  /** The step, and what exporters say of their metrics; null keeps every sample. */
  thinning: { stepMs: number; types: MetricTypes } | null;
  /** Whether it is made to see what it takes: it is small, and no garbage is collected behind its groups. */
  isTry: boolean;
}

/** `dump.learnHosts`: names that texts may mention, and blocks in whose labels there are more. */
export interface LearnHostsRequest {
  id: string;
  hosts: string[];
  dirs: string[];
}

/** `dump.addGroup`: packs blocks that overlap each other as one. */
export interface AddGroupRequest {
  id: string;
  blockDirs: string[];
  /** Samples outside `[mint, maxt)` are left out. */
  mint: number;
  maxt: number;
  /** Series that do not fit are left out. */
  filter: DumpFilter | null;
  /** Gets what is written of the block until it is packed. */
  outDir: string;
  /** The directories are there for this alone: they are deleted as soon as they were read. */
  isOwned: boolean;
}

/** Answer of `dump.addGroup`; null when no sample is in the range. */
export interface AddGroupResult {
  block: PackedBlock | null;
  /** Times of the first and last sample, null without any. */
  actual: { fromMs: number; toMs: number } | null;
  /** Longest time between two scrapes in what it was made of, as a rule; null where nothing tells it. */
  intervalMs: number | null;
  /** Blocks that cannot be read and are not in it, and why. */
  damaged: { dir: string; code: string }[];
  /** Archive bytes so far. */
  archiveBytes: number;
}

/** Progress of `dump.addGroup`, 0 to 1. */
export interface GroupProgress {
  phase: 'rewriting' | 'packing';
  fraction: number;
}

/** `dump.read`: the next bytes of the archive, null behind the last ones. Waits for them. */
export interface ReadRequest {
  id: string;
  /** Bytes of an earlier answer that nobody reads any more, for their memory; null when there are none. */
  used: Uint8Array<ArrayBuffer> | null;
}

/**
 * `dump.check`: takes the next bytes of a finished archive as they were read back, or null behind the
 * last ones; an error with code `DUMP_VERIFY_FAILED` when they are not the archive that was written.
 * Answers the same bytes, for their memory.
 */
export interface CheckRequest {
  id: string;
  bytes: Uint8Array<ArrayBuffer> | null;
}

/** `dump.finish`: adds the texts and the manifest, and closes the archive. */
export interface FinishRequest {
  id: string;
  texts: { path: string; content: string }[];
  /** `manifest.json` without its list of files, which is added. */
  manifest: object;
}

/** Answer of `dump.finish`. */
export interface FinishResult {
  sizeBytes: number;
  sha256: string;
  /** Original by alias; null in an archive that is not redacted. */
  aliases: Record<string, string> | null;
}

/** `dump.alias`: what is to stand for the name of the server in the texts of `dump.finish`. */
export interface AliasRequest {
  id: string;
  name: string;
}

/** `dump.discard`: gives an archive up; nothing more can be read of it. */
export interface DiscardRequest {
  id: string;
}
