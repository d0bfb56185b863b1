import { braceClose, braceOpen, isNamePart, newline, skipBlanks } from './bytes.ts';
import { ExpositionError } from './errors.ts';
import { LabelDecoder } from './label-decoder.ts';
import { maxStepBytes, resyncLines } from './limits.ts';
import { LineIndex } from './line-index.ts';
import { LineLexer, lineKind, noTime } from './line-lexer.ts';
import { collectMetadata, type FamilyMetadata } from './metadata.ts';
import { commentRef, droppedRef, duplicateRef, TemplateLines } from './template-lines.ts';

/**
 * Gives the reference of a series. `labels` is a flat list of names and values as exposed, the
 * metric name (`__name__`) first, in order of exposition; empty values are included, because an
 * exposed empty label may shadow a label of the target. References are below 2^31. A negative
 * result means that the series is not wanted. What it throws fails the body.
 */
export type SeriesResolver = (labels: string[]) => number;

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

export interface LineTemplateOptions {
  /** Whether times inside a body count; else they are checked and ignored. */
  honorTimestamps?: boolean;
  /** Most wanted samples of one body; 0 is no limit. */
  maxSamples?: number;
}

/** What {@link LineTemplate.emit} found out about a body. */
export interface BodySummary {
  /** Sample lines in the body. */
  lines: number;
  /** Samples that went into the sink. */
  samples: number;
  /** Series that the previous body did not have. */
  added: number;
  /** Lines whose series had a value earlier in the body; the first one counts. */
  duplicates: number;
  /** Lines that the resolver did not want. */
  dropped: number;
  /** Series of the previous good body that this one lacks: they go stale. */
  vanished: number[];
}

const emptyBody = new Uint8Array(0);

/**
 * Parses the bodies of one target in text format 0.0.4, one after the other, by comparing each
 * with the one before: a line that did not change costs a comparison, a line whose value changed
 * the parsing of the value; only new lines are tokenised and resolved. Lines that were inserted,
 * removed or moved are found again by a hash of their series.
 *
 * One body at a time, in this order: {@link begin}, {@link step} until it returns true,
 * {@link emit}, then {@link accept} once the samples are stored. {@link abandon} (or the next
 * begin) gives a body up at any point before that and leaves the template as it was.
 */
export class LineTemplate {
  /** Most wanted samples of one body; 0 is no limit. Counts from the next {@link begin}. */
  maxSamples: number;
  readonly #honorTimestamps: boolean;
  readonly #index = new LineIndex();

  // The last accepted body.
  #body: Uint8Array = emptyBody;
  #view: DataView = new DataView(emptyBody.buffer);
  #lines = new TemplateLines();
  /** Whether staleness markers were written for all series of the last accepted body. */
  #isStale = false;

  // The body at hand.
  #nextBody: Uint8Array = emptyBody;
  #nextView: DataView = new DataView(emptyBody.buffer);
  #next = new TemplateLines();
  #lexer = new LineLexer(emptyBody);
  #decoder = new LabelDecoder(emptyBody);
  #resolve: SeriesResolver = () => droppedRef;
  #at = 0;
  /** Line of the last accepted body that the next line is expected to repeat. */
  #cursor = 0;
  #isIndexBuilt = false;
  /** One flag per line of the last accepted body: its series is in the body at hand. */
  #seen = new Uint8Array(0);
  /** References that the body at hand has and the last accepted one did not have on any line. */
  readonly #added = new Set<number>();
  #samples = 0;
  #duplicates = 0;
  #dropped = 0;

  constructor(options: LineTemplateOptions = {}) {
    this.#honorTimestamps = options.honorTimestamps ?? false;
    this.maxSamples = options.maxSamples ?? 0;
  }

  /** Bytes that the template keeps, for reports. */
  get sizeBytes(): number {
    const perLine = 48;
    return this.#body.length + perLine * this.#lines.end.length + this.#seen.length;
  }

  /**
   * Starts to parse `body`, which must not change until it was accepted and the next one was, or
   * until it is abandoned.
   */
  begin(body: Uint8Array, resolve: SeriesResolver): void {
    const bytes = endsInNewline(body) ? body : withNewline(body);
    this.#nextBody = bytes;
    this.#nextView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#next.clear();
    this.#next.reserve(this.#lines.count);
    this.#lexer = new LineLexer(bytes);
    this.#decoder = new LabelDecoder(bytes);
    this.#resolve = resolve;
    this.#at = 0;
    this.#cursor = 0;
    this.#isIndexBuilt = false;
    if (this.#seen.length < this.#lines.count) this.#seen = new Uint8Array(this.#lines.end.length);
    else this.#seen.fill(0, 0, this.#lines.count);
    this.#added.clear();
    this.#samples = 0;
    this.#duplicates = 0;
    this.#dropped = 0;
  }

  /**
   * Parses up to `maxLines` lines; true when the end of the body is reached. Throws
   * {@link ExpositionError}, or what the resolver throws; the body is then to be abandoned.
   */
  step(maxLines: number): boolean {
    const body = this.#nextBody;
    const view = this.#nextView;
    const before = this.#body;
    const beforeView = this.#view;
    const { count, end, valueOffset, ref } = this.#lines;
    const seen = this.#seen;
    const next = this.#next;
    const length = body.length;
    next.reserve(next.count + maxLines);
    const stopAt = Math.min(length, this.#at + maxStepBytes);

    for (let budget = maxLines; budget > 0 && this.#at < stopAt; budget--) {
      const at = this.#at;
      const cursor = this.#cursor;
      if (cursor < count) {
        const start = cursor === 0 ? 0 : end[cursor - 1]!;
        const size = end[cursor]! - start;
        const shared = Math.min(size, length - at);
        let same = 0;
        for (const words = shared - 7; same < words; same += 8) {
          if (
            view.getInt32(at + same, true) !== beforeView.getInt32(start + same, true) ||
            view.getInt32(at + same + 4, true) !== beforeView.getInt32(start + same + 4, true)
          ) {
            break;
          }
        }
        while (same < shared && body[at + same] === before[start + same]) same++;
        const known = ref[cursor]!;
        if (known !== duplicateRef && seen[cursor] === 0) {
          if (same === size) {
            this.#repeatLine(cursor, known, at + size);
            continue;
          }
          if (same >= valueOffset[cursor]! && this.#lexer.tryValue(at + valueOffset[cursor]!)) {
            this.#addSample(known, valueOffset[cursor]!, this.#lines.hash[cursor]!);
            seen[cursor] = 1;
            this.#cursor = cursor + 1;
            continue;
          }
        }
      }
      this.#readLine(at);
    }
    return this.#at >= length;
  }

  /**
   * Appends the samples of the parsed body to `sink`, with `timeMs` where the body gave no time
   * that counts. Changes nothing when it throws.
   */
  emit(sink: SampleSink, timeMs: number): BodySummary {
    const next = this.#next;
    if (this.#added.size > 0) this.#dropLateDuplicates();
    const added = this.#countAdded();
    sink.reserve(sink.count + next.count);
    const { refs, lo, hi, timesMs } = sink;
    const { ref, timesMs: ownTimes } = next;
    let at = sink.count;
    for (let line = 0; line < next.count; line++) {
      if (ref[line]! < 0) continue;
      refs[at] = ref[line]!;
      lo[at] = next.lo[line]!;
      hi[at] = next.hi[line]!;
      const own = ownTimes === undefined ? noTime : ownTimes[line]!;
      timesMs[at++] = own === noTime ? timeMs : own;
    }
    const samples = at - sink.count;
    sink.count = at;
    return {
      lines: samples + this.#duplicates + this.#dropped,
      samples,
      added,
      duplicates: this.#duplicates,
      dropped: this.#dropped,
      vanished: this.#vanished(),
    };
  }

  /** Makes the parsed body the template; returns the buffer of the one before, free for reuse. */
  accept(): Uint8Array {
    const free = this.#body;
    const lines = this.#lines;
    this.#body = this.#nextBody;
    this.#view = this.#nextView;
    this.#lines = this.#next;
    this.#next = lines;
    this.#isStale = false;
    this.abandon();
    return free;
  }

  /** Forgets the body at hand. */
  abandon(): void {
    this.#next.clear();
    this.#nextBody = emptyBody;
    this.#nextView = new DataView(emptyBody.buffer);
    this.#lexer = new LineLexer(emptyBody);
    this.#decoder = new LabelDecoder(emptyBody);
    this.#resolve = () => droppedRef;
    this.#added.clear();
  }

  /** Forgets everything: references are resolved anew. */
  reset(): void {
    this.abandon();
    this.#body = emptyBody;
    this.#view = new DataView(emptyBody.buffer);
    this.#lines.clear();
    this.#isStale = false;
  }

  /** Series of the last accepted body that have no staleness marker yet. */
  live(): number[] {
    if (this.#isStale) return [];
    const refs: number[] = [];
    const { count, ref } = this.#lines;
    for (let line = 0; line < count; line++) {
      if (ref[line]! >= 0 && this.#mayGoStale(line)) refs.push(ref[line]!);
    }
    return refs;
  }

  /** Notes that staleness markers for {@link live} are stored. */
  markStale(): void {
    this.#isStale = true;
  }

  /** Forgets the references that `isDead` says are: their series are resolved anew when they come. */
  forget(isDead: (ref: number) => boolean): void {
    const { count, ref } = this.#lines;
    for (let line = 0; line < count; line++) {
      // Lines of this kind are always read and resolved, never taken from the template.
      if (ref[line]! >= 0 && isDead(ref[line]!)) ref[line] = duplicateRef;
    }
  }

  /** HELP and TYPE of the last accepted body, by family. */
  families(): Map<string, FamilyMetadata> {
    const families = new Map<string, FamilyMetadata>();
    const lines = this.#lines;
    for (let line = 0; line < lines.count; line++) {
      if (lines.ref[line] !== commentRef) continue;
      collectMetadata(families, this.#body, lines.start(line), lines.end[line]! - 1);
    }
    return families;
  }

  /** Takes over a line that did not change. */
  #repeatLine(cursor: number, ref: number, lineEnd: number): void {
    const lines = this.#lines;
    const next = this.#next;
    const line = next.count++;
    next.end[line] = lineEnd;
    next.valueOffset[line] = lines.valueOffset[cursor]!;
    next.ref[line] = ref;
    next.hash[line] = lines.hash[cursor]!;
    next.lo[line] = lines.lo[cursor]!;
    next.hi[line] = lines.hi[cursor]!;
    if (lines.timesMs !== undefined) next.setTime(line, lines.timesMs[cursor]!, noTime);
    else if (next.timesMs !== undefined) next.timesMs[line] = noTime;
    this.#seen[cursor] = 1;
    this.#cursor = cursor + 1;
    this.#at = lineEnd;
    if (ref >= 0) this.#countSample();
    else if (ref === droppedRef) this.#dropped++;
  }

  /** Adds the sample whose value the lexer has just read. */
  #addSample(ref: number, valueOffset: number, hash: number): void {
    const next = this.#next;
    const lexer = this.#lexer;
    const line = next.count++;
    next.end[line] = lexer.lineEnd;
    next.valueOffset[line] = valueOffset;
    next.ref[line] = ref;
    next.hash[line] = hash;
    next.lo[line] = lexer.halves[0]!;
    next.hi[line] = lexer.halves[1]!;
    if (this.#honorTimestamps && lexer.timeMs !== noTime) {
      next.setTime(line, lexer.timeMs, noTime);
    } else if (next.timesMs !== undefined) next.timesMs[line] = noTime;
    this.#at = lexer.lineEnd;
    if (ref >= 0) this.#countSample();
    else if (ref === droppedRef) this.#dropped++;
    else this.#duplicates++;
  }

  #countSample(): void {
    this.#samples++;
    if (this.maxSamples > 0 && this.#samples > this.maxSamples) {
      const what = `more than ${String(this.maxSamples)} samples`;
      throw new ExpositionError('EXPOSITION_SAMPLE_LIMIT', what, this.#nextBody, this.#at - 1);
    }
  }

  /** Reads a line that the template does not foresee. */
  #readLine(at: number): void {
    const lexer = this.#lexer;
    switch (lexer.scan(at)) {
      case lineKind.end:
        this.#at = this.#nextBody.length;
        break;
      case lineKind.comment:
        this.#readComment(at);
        break;
      case lineKind.sample:
        this.#readSample(at);
        break;
    }
  }

  #readComment(at: number): void {
    const next = this.#next;
    const { lineEnd } = this.#lexer;
    const hash = this.#hash(at, lineEnd);
    const found = this.#findNearby(hash, (line) => this.#isSameComment(line, at, lineEnd));
    if (found !== -1) {
      this.#seen[found] = 1;
      this.#cursor = found + 1;
    }
    const line = next.count++;
    next.end[line] = lineEnd;
    next.valueOffset[line] = lineEnd - at;
    next.ref[line] = commentRef;
    next.hash[line] = hash;
    if (next.timesMs !== undefined) next.timesMs[line] = noTime;
    this.#at = lineEnd;
  }

  #readSample(at: number): void {
    const lexer = this.#lexer;
    const { seriesEnd, valueStart } = lexer;
    const hash = this.#hash(at, seriesEnd);
    lexer.readValue(valueStart);
    // Without a delimiter between name and value a longer name would look like the same series.
    const hasDelimiter = valueStart > seriesEnd || this.#nextBody[seriesEnd - 1] === braceClose;
    const valueOffset = (hasDelimiter ? valueStart : lexer.lineEnd) - at;
    this.#addSample(this.#identify(at, seriesEnd, hash), valueOffset, hash);
  }

  /** Reference of the series in `[at, seriesEnd)`: from the template, else from the resolver. */
  #identify(at: number, seriesEnd: number, hash: number): number {
    const accept = (line: number) => this.#isSameSeries(line, at, seriesEnd);
    let found = this.#findNearby(hash, accept);
    if (found === -1 && this.#lines.count > 0) {
      if (!this.#isIndexBuilt) this.#index.build(this.#lines);
      this.#isIndexBuilt = true;
      found = this.#index.find(this.#lines, hash, accept);
    }
    if (found === -1) return this.#resolveNew(at);
    if (this.#seen[found] === 1) {
      if (this.#lines.ref[this.#cursor] === duplicateRef) this.#cursor++;
      return duplicateRef;
    }
    this.#seen[found] = 1;
    this.#cursor = found + 1;
    return this.#lines.ref[found]!;
  }

  #resolveNew(at: number): number {
    const ref = this.#resolve(this.#decoder.decode(at, this.#lexer));
    if (ref < 0) return droppedRef;
    if (this.#added.has(ref)) return duplicateRef;
    this.#added.add(ref);
    return ref;
  }

  /** A line at or after the cursor with `hash` that `accept` takes, or -1. */
  #findNearby(hash: number, accept: (line: number) => boolean): number {
    const hashes = this.#lines.hash;
    const end = Math.min(this.#lines.count, this.#cursor + resyncLines);
    for (let line = this.#cursor; line < end; line++) {
      if (hashes[line] === hash && accept(line)) return line;
    }
    return -1;
  }

  #isSameComment(line: number, at: number, lineEnd: number): boolean {
    const lines = this.#lines;
    if (lines.ref[line] !== commentRef) return false;
    const start = lines.start(line);
    return lines.end[line]! - start === lineEnd - at && this.#hasBytes(start, at, lineEnd);
  }

  #isSameSeries(line: number, at: number, seriesEnd: number): boolean {
    const lines = this.#lines;
    const ref = lines.ref[line]!;
    if (ref < 0 && ref !== droppedRef) return false;
    const start = lines.start(line);
    if (lines.end[line]! - start <= seriesEnd - at) return false;
    if (!this.#hasBytes(start, at, seriesEnd)) return false;
    if (this.#nextBody[seriesEnd - 1] === braceClose) return true;
    // A bare name: the template's line must not go on with more of a name or with labels.
    const behind = start + seriesEnd - at;
    const before = this.#body;
    return !isNamePart(before[behind]!) && before[skipBlanks(before, behind)] !== braceOpen;
  }

  /** Whether the template has the bytes `[at, end)` of the body at hand at `start`. */
  #hasBytes(start: number, at: number, end: number): boolean {
    const body = this.#nextBody;
    const before = this.#body;
    for (let a = at, b = start; a < end; a++, b++) if (body[a] !== before[b]) return false;
    return true;
  }

  #hash(start: number, end: number): number {
    const body = this.#nextBody;
    const view = this.#nextView;
    let state = end - start;
    let at = start;
    for (const words = end - 3; at < words; at += 4) {
      state = Math.imul(state ^ view.getInt32(at, true), 0x9e3779b1);
      state ^= state >>> 15;
    }
    for (; at < end; at++) state = Math.imul(state ^ body[at]!, 0x85ebca6b);
    return state ^ (state >>> 13);
  }

  /**
   * A series can stand in the body as text that the template knows and once more as text that is
   * new (labels in another order): only here both are at hand. The first line keeps its value.
   */
  #dropLateDuplicates(): void {
    const { count, ref } = this.#next;
    const met = new Set<number>();
    for (let line = 0; line < count; line++) {
      const series = ref[line]!;
      if (series < 0 || !this.#added.has(series)) continue;
      if (met.has(series)) {
        ref[line] = duplicateRef;
        this.#duplicates++;
      }
      met.add(series);
    }
  }

  /** Series that no line of the last accepted body had, under any text. */
  #countAdded(): number {
    let added = this.#added.size;
    if (added === 0) return 0;
    const { count, ref } = this.#lines;
    const met = new Set<number>();
    for (let line = 0; line < count; line++) {
      const series = ref[line]!;
      if (series >= 0 && this.#added.has(series) && !met.has(series)) {
        met.add(series);
        added--;
      }
    }
    return added;
  }

  #vanished(): number[] {
    const vanished: number[] = [];
    if (this.#isStale) return vanished;
    const { count, ref } = this.#lines;
    const seen = this.#seen;
    for (let line = 0; line < count; line++) {
      const series = ref[line]!;
      if (series < 0 || seen[line] === 1) continue;
      if (this.#mayGoStale(line) && !this.#added.has(series)) vanished.push(series);
    }
    return vanished;
  }

  /** Series with times of their own are left out: their exporter says when they end. */
  #mayGoStale(line: number): boolean {
    const { timesMs } = this.#lines;
    return timesMs === undefined || timesMs[line] === noTime;
  }
}

function endsInNewline(body: Uint8Array): boolean {
  return body.length === 0 || body[body.length - 1] === newline;
}

function withNewline(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 1);
  bytes.set(body);
  bytes[body.length] = newline;
  return bytes;
}
