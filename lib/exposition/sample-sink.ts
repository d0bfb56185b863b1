import { droppedRef } from './line-layout.ts';
import { noTime } from './line-lexer.ts';
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
 * Samples come in long runs between two comments, which are copied as one. Returns how many lines the
 * resolver did not want.
 */
export function emitSamples(body: ParsedBody, sink: SampleSink, timeMs: number): number {
  sink.reserve(sink.count + body.count);
  const { refs, lo, hi, timesMs } = sink;
  const { ref } = body.layout;
  const first = sink.count;
  let at = first;
  let dropped = 0;
  for (let line = 0; line < body.count;) {
    const from = line;
    while (line < body.count && ref[line]! >= 0) line++;
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
    for (; line < body.count && ref[line]! < 0; line++) if (ref[line] === droppedRef) dropped++;
  }
  timesMs.fill(timeMs, first, at);
  if (body.timesMs !== undefined) emitTimes(body, body.timesMs, timesMs, first);
  sink.count = at;
  return dropped;
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
