import { TsdbError } from '../errors.ts';
import { maxMetaBytes, maxTimeMs } from '../limits.ts';
import { isUlid } from '../ulid.ts';

/** Values of parsed JSON. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export interface BlockStats {
  readonly numSamples: number;
  readonly numSeries: number;
  readonly numChunks: number;
  /** Intervals in the tombstones file. */
  readonly numTombstones?: number;
  /** Keys that we do not know. */
  readonly extra?: JsonObject;
}

/** A block that went into another one. */
export interface BlockParent {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
}

export interface BlockCompaction {
  /** 1 for a block cut from the head. */
  readonly level: number;
  /** Level-1 blocks that the samples come from, sorted; such a block names itself. */
  readonly sources: readonly string[];
  /** Prometheus deletes these when it loads the block, so we never write any. */
  readonly parents?: readonly BlockParent[];
  readonly deletable?: boolean;
  readonly failed?: boolean;
  readonly extra?: JsonObject;
}

/** What `meta.json` of a block says (docs/format/block.md). */
export interface BlockMeta {
  readonly ulid: string;
  /** First time covered. */
  readonly minTime: number;
  /** First time no longer covered. */
  readonly maxTime: number;
  readonly stats: BlockStats;
  readonly compaction: BlockCompaction;
  /** Top-level keys that we do not know, `thanos` among them. */
  readonly extra?: JsonObject;
}

const metaVersion = 1;
const decoder = new TextDecoder('utf-8', { fatal: true });
/** A block made of others may have very many of them; a list longer than this is nonsense. */
const maxListed = 100_000;

/** Parses meta.json; anything else than a version 1 meta is `TSDB_BAD_META`. */
export function parseBlockMeta(bytes: Uint8Array): BlockMeta {
  const { version, ulid, minTime, maxTime, stats, compaction, ...extra } = parseJson(bytes);
  if (version !== metaVersion) {
    throw new TsdbError('TSDB_BAD_VERSION', `meta.json version ${JSON.stringify(version ?? null)}`);
  }
  if (typeof ulid !== 'string' || !isUlid(ulid)) throw bad('ulid');
  const from = time(minTime, 'minTime');
  const to = time(maxTime, 'maxTime');
  if (to < from) throw bad('maxTime');
  return {
    ulid,
    minTime: from,
    maxTime: to,
    stats: parseStats(stats === undefined ? {} : object(stats, 'stats')),
    compaction: parseCompaction(compaction === undefined ? {} : object(compaction, 'compaction')),
    ...extraOf(extra),
  };
}

/** The text of meta.json, laid out as Prometheus does. */
export function printBlockMeta(meta: BlockMeta): string {
  const { extra: moreStats, ...stats } = meta.stats;
  const { extra: moreCompaction, ...compaction } = meta.compaction;
  const printed = {
    ulid: meta.ulid,
    minTime: meta.minTime,
    maxTime: meta.maxTime,
    stats: { ...stats, ...moreStats },
    compaction: { ...compaction, ...moreCompaction },
    version: metaVersion,
    ...meta.extra,
  };
  return JSON.stringify(printed, undefined, '\t');
}

function parseStats(stats: JsonObject): BlockStats {
  const { numSamples, numSeries, numChunks, numTombstones, ...extra } = stats;
  return {
    numSamples: count(numSamples, 'stats.numSamples'),
    numSeries: count(numSeries, 'stats.numSeries'),
    numChunks: count(numChunks, 'stats.numChunks'),
    ...(numTombstones === undefined
      ? {}
      : { numTombstones: count(numTombstones, 'stats.numTombstones') }),
    ...extraOf(extra),
  };
}

function parseCompaction(compaction: JsonObject): BlockCompaction {
  const { level, sources, parents, deletable, failed, ...extra } = compaction;
  return {
    level: count(level, 'compaction.level'),
    sources: list(sources, 'compaction.sources').map((source) => ulidOf(source)),
    ...(parents === undefined || parents === null
      ? {}
      : { parents: list(parents, 'compaction.parents').map(parseParent) }),
    ...flag('deletable', deletable),
    ...flag('failed', failed),
    ...extraOf(extra),
  };
}

function parseParent(value: JsonValue): BlockParent {
  const { ulid, minTime, maxTime } = object(value, 'compaction.parents');
  return {
    ulid: ulidOf(ulid),
    minTime: time(minTime, 'compaction.parents'),
    maxTime: time(maxTime, 'compaction.parents'),
  };
}

function parseJson(bytes: Uint8Array): JsonObject {
  if (bytes.length > maxMetaBytes) {
    throw new TsdbError('TSDB_LIMIT', `meta.json of ${String(bytes.length)} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new TsdbError('TSDB_BAD_META', 'meta.json is not JSON', { cause, bytes });
  }
  return object(value as JsonValue, 'the whole');
}

function object(value: JsonValue, field: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(field);
  return value as JsonObject;
}

function list(value: JsonValue | undefined, field: string): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > maxListed) throw bad(field);
  return value as readonly JsonValue[];
}

function ulidOf(value: JsonValue | undefined): string {
  if (typeof value !== 'string' || !isUlid(value)) throw bad('compaction.sources');
  return value;
}

function time(value: JsonValue | undefined, field: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw bad(field);
  if (Math.abs(value) > maxTimeMs) throw bad(field);
  return value;
}

/** A count that Go leaves out when it is zero. */
function count(value: JsonValue | undefined, field: string): number {
  if (value === undefined) return 0;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw bad(field);
  return value;
}

function flag<K extends string>(key: K, value: JsonValue | undefined): Partial<Record<K, boolean>> {
  if (value === undefined) return {};
  if (typeof value !== 'boolean') throw bad(`compaction.${key}`);
  return { [key]: value } as Record<K, boolean>;
}

function extraOf(extra: JsonObject): { extra?: JsonObject } {
  return Object.keys(extra).length === 0 ? {} : { extra };
}

function bad(field: string): TsdbError {
  return new TsdbError('TSDB_BAD_META', `meta.json: ${field} is not usable`);
}
