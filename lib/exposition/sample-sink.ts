import { droppedRef } from './line-layout.ts';
import { noTime } from './line-lexer.ts';
import type { LineList } from './line-list.ts';
import type { ParsedBody } from './parsed-body.ts';

/** Where the samples of a body go, column by column; `SampleBatch` of lib/tsdb is one. */
export interface SampleSink {
  count: number;
  readonly refs: Uint32Array;
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
  readonly timesMs: Float64Array;
  /** Makes room for `capacity` entries; may replace the columns. */
  reserve(capacity: number): void;
}

/** Shorter runs of samples are copied faster one by one. */
const shortRun = 32;

/**
 * Appends the samples of `body` to `sink`, with `timeMs` where the body gave no time that counts.
 * Those of the lines `late` go last unless some have times: the store numbers new series far from known ones,
 * and has the less to do the longer the runs of near ones are. Returns how many lines the resolver did not want.
 */
export function emitSamples(
  body: ParsedBody,
  sink: SampleSink,
  timeMs: number,
  late: LineList,
): number {
  sink.reserve(sink.count + body.count);
  const first = sink.count;
  const lateCount = body.timesMs === undefined ? late.count : 0;
  const from = lateCount === 0 ? 0 : late.lines[lateCount - 1]! + 1;
  const dropped =
    emitOthers(body, sink, late.lines, lateCount) + emitLines(body, sink, from, body.count);
  emitEach(body, sink, late.lines, lateCount);
  sink.timesMs.fill(timeMs, first, sink.count);
  if (body.timesMs !== undefined) emitTimes(body, body.timesMs, sink.timesMs, first);
  return dropped;
}

/** Appends the samples before the last of the first `count` of `late`, times and those lines themselves apart. */
function emitOthers(body: ParsedBody, sink: SampleSink, late: Int32Array, count: number): number {
  let dropped = 0;
  let from = 0;
  for (let at = 0; at < count; at++) {
    dropped += emitLines(body, sink, from, late[at]!);
    from = late[at]! + 1;
  }
  return dropped;
}

/**
 * Appends the samples in lines `[start, end)`, times apart. They come in long runs between two comments, which
 * are copied as one. Returns how many lines the resolver did not want.
 */
function emitLines(body: ParsedBody, sink: SampleSink, start: number, end: number): number {
  const { refs, lo, hi } = sink;
  const { ref } = body.layout;
  let at = sink.count;
  let dropped = 0;
  for (let line = start; line < end;) {
    const from = line;
    while (line < end && ref[line]! >= 0) line++;
    if (line - from < shortRun) {
      for (let sample = from; sample < line; sample++, at++) {
        refs[at] = ref[sample]!;
        lo[at] = body.lo[sample]!;
        hi[at] = body.hi[sample]!;
      }
    } else {
      refs.set(ref.subarray(from, line), at);
      lo.set(body.lo.subarray(from, line), at);
      hi.set(body.hi.subarray(from, line), at);
      at += line - from;
    }
    for (; line < end && ref[line]! < 0; line++) if (ref[line] === droppedRef) dropped++;
  }
  sink.count = at;
  return dropped;
}

/** Appends the samples in the first `count` of `lines`, of which some may have become duplicates, times apart. */
function emitEach(body: ParsedBody, sink: SampleSink, lines: Int32Array, count: number): void {
  const { refs, lo, hi } = sink;
  const { ref } = body.layout;
  let to = sink.count;
  for (let at = 0; at < count; at++) {
    const line = lines[at]!;
    if (ref[line]! < 0) continue;
    refs[to] = ref[line]!;
    lo[to] = body.lo[line]!;
    hi[to] = body.hi[line]!;
    to++;
  }
  sink.count = to;
}

/** Writes the times that the body gave over those of the samples from `first` on. */
function emitTimes(body: ParsedBody, own: Float64Array, timesMs: Float64Array, first: number) {
  const { ref } = body.layout;
  let at = first;
  for (let line = 0; line < body.count; line++) {
    if (ref[line]! < 0) continue;
    if (own[line] !== noTime) timesMs[at] = own[line]!;
    at++;
  }
}
