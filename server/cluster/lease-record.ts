import { asObject, countOf, parseRecord, textOf } from './record-fields.ts';

/** What the value of the key `lead` says; docs/cluster.md draws it. */
export interface LeaseRecord {
  /** +1 at every change of holder; the fencing token. */
  epoch: number;
  /** +1 at every renewal, so that no two records ever have the same bytes. */
  sequence: number;
  state: 'held' | 'free';
  /** Cluster id of the holder, and random text of its process. */
  id: string;
  boot: string;
  pid: number;
  host: string;
  version: string;
  /** When it began to hold, by its wall clock. */
  sinceMs: number;
  /** When it was written, by the same clock: renewed or freed. Older versions do not say all of it. */
  untilMs?: number | undefined;
}

/** A record together with the bytes that stand in the store: compare-and-set goes by bytes. */
export interface StoredLease {
  raw: Uint8Array;
  record: LeaseRecord;
}

/**
 * What was read: a record of ours, one of a version that this code does not know, or bytes that are
 * no record at all. An epoch is also taken from what is not understood, so that epochs never go back.
 */
export type ParsedLease =
  | { kind: 'known'; record: LeaseRecord }
  | { kind: 'unknownVersion'; epoch: number }
  | { kind: 'unreadable'; epoch: number; reason: string };

const recordVersion = 1;

export function encodeLease(record: LeaseRecord): StoredLease {
  const { epoch, sequence, state, id, boot, pid, host, version, sinceMs, untilMs } = record;
  const value = {
    ...{ v: recordVersion, e: epoch, s: sequence, st: state, id, boot, pid, host },
    ...{ ver: version, since: sinceMs },
    ...(untilMs === undefined ? {} : { until: untilMs }),
  };
  return { raw: new TextEncoder().encode(JSON.stringify(value)), record };
}

/** Reads bytes that anybody may have written; never throws. */
export function parseLease(raw: Uint8Array): ParsedLease {
  let epoch = 0;
  try {
    const fields = asObject(parseRecord(raw));
    epoch = believedEpoch(fields['e']);
    const { v } = fields;
    if (typeof v === 'number' && Number.isSafeInteger(v) && v > recordVersion) {
      return { kind: 'unknownVersion', epoch };
    }
    if (v !== recordVersion) throw new TypeError('v is not a version');
    return { kind: 'known', record: recordOf(fields) };
  } catch (error) {
    return { kind: 'unreadable', epoch, reason: (error as Error).message };
  }
}

function recordOf(fields: Record<string, unknown>): LeaseRecord {
  const { st } = fields;
  if (st !== 'held' && st !== 'free') throw new TypeError('st is neither held nor free');
  return {
    epoch: countOf(fields, 'e', 1),
    sequence: countOf(fields, 's', 0),
    state: st,
    id: textOf(fields, 'id'),
    boot: textOf(fields, 'boot'),
    pid: countOf(fields, 'pid', 0),
    host: textOf(fields, 'host'),
    version: textOf(fields, 'ver'),
    sinceMs: countOf(fields, 'since', 0),
    untilMs: 'until' in fields ? countOf(fields, 'until', 0) : undefined,
  };
}

function believedEpoch(value: unknown): number {
  try {
    return countOf({ e: value }, 'e', 1);
  } catch {
    return 0;
  }
}
