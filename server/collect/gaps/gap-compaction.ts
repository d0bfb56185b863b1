import type { Sentence } from '../../../api/index.ts';
import type { GapRecord } from './gap-record.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** Distances below which gaps of one reason become one, tried from fine to coarse. */
const mergeDistancesMs = [1, 5, 15, 60, 240, 1440].map((minutes) => minutes * minuteMs);

/**
 * Makes gaps fit into `maxBytes` of file: leaves out those that ended before `oldestMs`, joins
 * neighbours of a flapping target (those older than a day first), and as a last resort drops the
 * oldest. Open gaps stay as they are. The result is in order of beginning.
 */
export function compactGaps(
  gaps: readonly GapRecord[],
  limits: { oldestMs: number; nowMs: number; maxBytes: number },
): GapRecord[] {
  let kept = gaps.filter((gap) => gap.toMs === null || gap.toMs >= limits.oldestMs);
  kept.sort((a, b) => a.fromMs - b.fromMs || a.id - b.id);
  for (const beforeMs of [limits.nowMs - dayMs, Infinity]) {
    for (const distanceMs of mergeDistancesMs) {
      if (sizeOf(kept) <= limits.maxBytes) return kept;
      kept = mergeClose(kept, distanceMs, beforeMs);
    }
  }
  return dropOldest(kept, limits.maxBytes);
}

/** Joins closed gaps of one target and reason that lie closer than `distanceMs`. */
function mergeClose(gaps: readonly GapRecord[], distanceMs: number, beforeMs: number): GapRecord[] {
  const merged: GapRecord[] = [];
  const last = new Map<string, GapRecord>();
  for (const gap of gaps) {
    const key = `${gap.job} ${gap.instance} ${gap.reason}`;
    const previous = last.get(key);
    if (previous !== undefined && join(previous, gap, distanceMs, beforeMs)) continue;
    // An open gap keeps its identity: the ledger goes on counting in it.
    const entry = gap.toMs === null ? gap : { ...gap };
    merged.push(entry);
    last.set(key, entry);
  }
  return merged;
}

/** Makes `gap` a part of `previous` when both are over and close to each other. */
function join(previous: GapRecord, gap: GapRecord, distanceMs: number, beforeMs: number): boolean {
  if (gap.toMs === null || gap.toMs >= beforeMs || previous.toMs === null) return false;
  if (gap.fromMs - previous.toMs >= distanceMs) return false;
  previous.toMs = Math.max(previous.toMs, gap.toMs);
  previous.missed += gap.missed;
  previous.merged += gap.merged;
  previous.message = gap.message;
  if (gap.sentence === undefined) delete previous.sentence;
  else previous.sentence = gap.sentence;
  return true;
}

function dropOldest(gaps: GapRecord[], maxBytes: number): GapRecord[] {
  let size = sizeOf(gaps);
  let first = 0;
  for (; first < gaps.length && size > maxBytes; first++) {
    const gap = gaps[first];
    if (gap !== undefined) size -= lineBytes(gap);
  }
  return gaps.slice(first);
}

function sizeOf(gaps: readonly GapRecord[]): number {
  let size = 0;
  for (const gap of gaps) size += lineBytes(gap);
  return size;
}

/** Bytes of a gap's line, estimated from above: making the line itself would cost far more. */
function lineBytes(gap: GapRecord): number {
  const fixed = 190;
  const texts = 3 * (gap.job.length + gap.instance.length) + 2 * gap.message.length;
  return fixed + texts + sentenceBytes(gap.sentence);
}

/** Most have no values: then the id is all there is. */
function sentenceBytes(sentence: Sentence | undefined): number {
  if (sentence === undefined) return 0;
  const { id, values } = sentence;
  const isPlain = Object.keys(values).length === 0;
  return 40 + id.length + (isPlain ? 0 : 2 * JSON.stringify(values).length);
}
