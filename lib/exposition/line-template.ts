import { newline } from './bytes.ts';
import { dropLateDuplicates, findReturned, findVanished } from './body-changes.ts';
import { ExpositionError } from './errors.ts';
import type { ExpositionFormat } from './format.ts';
import { idleLines, maxBodyLines, maxMetadataComments, maxStepBytes } from './limits.ts';
import { noTime } from './line-lexer.ts';
import { LineResolver, type SeriesResolver, type VariantResolver } from './line-resolver.ts';
import { KnownLines } from './known-lines.ts';
import { isSame } from './same-bytes.ts';
import { emitSamples, type SampleSink } from './sample-sink.ts';
import { collectMetadata, type FamilyMetadata } from './metadata.ts';
import { commentRef, droppedRef, duplicateRef, LineLayout } from './line-layout.ts';
import { isEofLine } from './openmetrics-labels.ts';
import { endedByNewline, ParsedBody } from './parsed-body.ts';
import { RepeatedLines } from './repeated-lines.ts';

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
  /** Lines whose series had a value earlier in the body, without times that count; the first one counts. */
  duplicates: number;
  /** Lines that the resolver did not want. */
  dropped: number;
  /** Comments, HELP and TYPE among them, that the previous body did not have. */
  newComments: number;
  /** Series of the previous good body that this one lacks: they go stale. */
  vanished: number[];
}

/**
 * Parses the bodies of one target, one after the other, by comparing each with the one before: a line that did not change costs a comparison, a line whose value changed
 * the parsing of the value; only new lines are tokenised and resolved. Lines that were inserted,
 * removed or moved are found again by a hash of their series.
 *
 * One body at a time, in this order: {@link begin}, {@link step} until it returns true,
 * {@link emit}, then {@link accept} once the samples are stored. {@link abandon} (or the next
 * begin) gives a body up at any point before that and leaves the template as it was.
 */
export class LineTemplate {
  /** Most wanted samples of one body; 0 is no limit. Counts from the next {@link begin} on. */
  maxSamples: number;
  readonly #honorTimestamps: boolean;
  /** The last accepted body. */
  #before = new ParsedBody();
  /** Whether staleness markers were written for all series of the last accepted body. */
  #isStale = false;
  /** The body at hand, and what is known about it. */
  #next = new ParsedBody();
  readonly #resolver = new LineResolver();
  readonly #known = new KnownLines();
  /** A layout that no body uses. */
  #spareLayout = new LineLayout();
  #at = 0;
  /** Samples in the first so many lines. */
  #samples = 0;
  #counted = 0;
  #duplicates = 0;
  /** The duplicates, while times may make samples of them. */
  readonly #repeated = new RepeatedLines();

  constructor(options: LineTemplateOptions = {}) {
    this.#honorTimestamps = options.honorTimestamps ?? false;
    this.maxSamples = options.maxSamples ?? 0;
  }

  /** Bytes in memory, the small ones apart that every template has. */
  get sizeBytes(): number {
    const layouts = this.#before.layout.sizeBytes + this.#spareLayout.sizeBytes;
    const own = this.#isInStep() ? 0 : this.#next.layout.sizeBytes;
    return this.#before.sizeBytes + this.#next.sizeBytes + layouts + own + this.#resolver.sizeBytes;
  }

  /** About what {@link sizeBytes} is once the body at hand, which is parsed, is accepted. */
  get acceptedBytes(): number {
    return this.sizeBytes - this.#before.bytes.buffer.byteLength;
  }

  /**
   * Starts to parse `body` in `format`, which must not change until it was accepted and the next one was, or
   * until it is abandoned. `variants` is asked first about series that are like known ones.
   */
  begin(
    body: Uint8Array,
    resolve: SeriesResolver,
    format: ExpositionFormat = 'text',
    variants?: VariantResolver,
  ): void {
    this.abandon();
    this.#next.reset(endedByNewline(body));
    this.#next.format = format;
    this.#resolver.reset(this.#before, this.#next, resolve, variants);
    this.#at = 0;
    this.#samples = 0;
    this.#duplicates = 0;
    this.#counted = 0;
    this.#repeated.clear();
  }

  /**
   * Parses up to `maxLines` lines; true when the end of the body is reached. Throws
   * {@link ExpositionError}, or what the resolver throws; the body is then to be abandoned.
   */
  step(maxLines: number): boolean {
    const { length } = this.#next.bytes;
    const stopAt = Math.min(length, this.#at + maxStepBytes);
    const lastLine = Math.min(this.#next.count + maxLines, maxBodyLines);
    if (this.#next.count === lastLine && this.#at < length) {
      const what = `more than ${String(maxBodyLines)} lines`;
      throw new ExpositionError('EXPOSITION_BODY_LIMIT', what, this.#next.bytes, this.#at);
    }
    this.#next.reserve(lastLine);
    if (!this.#isInStep()) this.#next.layout.reserve(lastLine);
    this.#readLines(lastLine, stopAt);
    this.#settle();
    if (this.#at < length) return false;
    this.#resolver.finish();
    if (this.#next.format === 'openmetrics' && !this.#isAfterEof()) {
      const what = 'the body does not end with # EOF';
      throw new ExpositionError('EXPOSITION_NO_EOF', what, this.#next.bytes, length);
    }
    return true;
  }

  /**
   * Appends the samples of the parsed body to `sink`, with `timeMs` where the body gave no time
   * that counts.
   */
  emit(sink: SampleSink, timeMs: number): BodySummary {
    const next = this.#next;
    const { added, seen, mayHaveReturned, skippedFrom, skippedTo } = this.#resolver;
    const pair = {
      before: this.#before,
      next,
      seen,
      added,
      mayHaveReturned,
      skippedFrom,
      skippedTo,
    };
    if (this.#isInStep()) seen.fill(1, 0, next.count);
    const returned = findReturned(pair);
    this.#duplicates += dropLateDuplicates(pair, returned, (line, ref) => {
      this.#noteRepeated(line, ref);
    });
    const first = sink.count;
    const dropped = emitSamples(next, sink, timeMs, this.#resolver.newLines);
    if (this.#repeated.count > 0 && next.timesMs !== undefined) {
      this.#duplicates -= this.#repeated.count;
      this.#repeated.emit(next, sink, timeMs);
    }
    const samples = sink.count - first;
    return {
      lines: samples + this.#duplicates + dropped,
      samples,
      added: added.size - returned.size,
      duplicates: this.#duplicates,
      dropped,
      newComments: this.#resolver.newComments,
      vanished: this.#isStale ? [] : findVanished(pair),
    };
  }

  /** Makes the parsed body the template; returns the buffer of the one before, free for reuse. */
  accept(): Uint8Array {
    const before = this.#before;
    const next = this.#next;
    const free = before.bytes;
    // Each body but one needs a layout of its own; the shared one stays with the new template.
    if (!this.#isInStep()) this.#spareLayout = before.layout;
    before.layout = next.layout;
    this.#before = next;
    this.#next = before;
    this.#isStale = false;
    this.abandon();
    return free;
  }

  /** Forgets the body at hand. */
  abandon(): void {
    if (!this.#isInStep()) {
      this.#spareLayout = this.#next.layout;
      this.#next.layout = this.#before.layout;
    }
    this.#next.reset();
    // One huge body must not cost memory for ever.
    const keptLines = 4 * this.#before.count + idleLines;
    this.#next.shrink(keptLines);
    if (this.#spareLayout.ref.length > keptLines) this.#spareLayout = new LineLayout();
    this.#resolver.reset(this.#before, this.#next, () => droppedRef);
  }

  /** Forgets everything: references are resolved anew. */
  reset(): void {
    this.abandon();
    this.#before.reset();
    this.#isStale = false;
  }

  /** Series of the last accepted body that have no staleness marker yet. */
  live(): number[] {
    if (this.#isStale) return [];
    const refs: number[] = [];
    const before = this.#before;
    for (let line = 0; line < before.count; line++) {
      if (before.layout.ref[line]! >= 0 && before.mayGoStale(line))
        refs.push(before.layout.ref[line]!);
    }
    return refs;
  }

  /** Notes that staleness markers for {@link live} are stored. */
  markStale(): void {
    this.#isStale = true;
  }

  /** Forgets the references that `isDead` says are: their series are resolved anew when they come. */
  forget(isDead: (ref: number) => boolean): void {
    const { count } = this.#before;
    const { layout } = this.#before;
    for (let line = 0; line < count; line++) {
      if (layout.ref[line]! >= 0 && isDead(layout.ref[line]!)) layout.forget(line);
    }
  }

  /** Resolves anew, when they come, the series that the resolver did not want. */
  forgetDropped(): void {
    const { layout } = this.#before;
    for (let line = 0; line < this.#before.count; line++) {
      if (layout.ref[line] === droppedRef) layout.forget(line);
    }
  }

  /** HELP, TYPE and UNIT of the last accepted body, by family; of a bounded number of comments. */
  families(): Map<string, FamilyMetadata> {
    const families = new Map<string, FamilyMetadata>();
    const before = this.#before;
    let comments = 0;
    for (let line = 0; line < before.count && comments < maxMetadataComments; line++) {
      if (before.layout.ref[line] !== commentRef) continue;
      comments++;
      collectMetadata(families, before.bytes, before.start(line), before.format);
    }
    return families;
  }

  /** Whether the last line that was read is the one that ends an OpenMetrics body. */
  #isAfterEof(): boolean {
    const next = this.#next;
    const last = next.count - 1;
    return last >= 0 && isEofLine(next.bytes, next.start(last));
  }

  /** Whether the body at hand has been line by line the one before, so that they share a layout. */
  #isInStep(): boolean {
    return this.#next.layout === this.#before.layout;
  }

  /** Gives the body at hand a layout of its own. */
  #leaveStep(): void {
    if (!this.#isInStep()) return;
    const next = this.#next;
    // All of it: as long as lines are only replaced, each stays where it is.
    this.#spareLayout.copy(this.#before.layout, 0, 0, this.#before.count);
    next.layout = this.#spareLayout;
    this.#spareLayout = new LineLayout();
    this.#resolver.seen.fill(1, 0, next.count);
  }

  #readLines(lastLine: number, stopAt: number): void {
    // A line that one format allows may be wrong in the other.
    const mayRepeat = this.#before.count > 0 && this.#before.format === this.#next.format;
    while (this.#next.count < lastLine && this.#at < stopAt) {
      if (mayRepeat) {
        this.#repeatLines(lastLine, stopAt);
        if (this.#next.count === lastLine || this.#at >= stopAt) return;
        if (this.#takeReplaced() || this.#skipVanished()) continue;
      }
      this.#readLine();
    }
  }

  /** Takes over lines of the body before, if the next one is one; also a new one behind others. */
  #repeatLines(lastLine: number, stopAt: number): void {
    const { newRun } = this.#resolver;
    if (newRun > 0) {
      // A new line mostly stands in the place of one that is gone, and so may the next one.
      if (this.#matchLines(newRun, lastLine, stopAt) || this.#takeReplaced()) return;
      this.#skipVanished();
    }
    this.#matchLines(0, lastLine, stopAt);
  }

  /**
   * Takes over lines as long as they are those of the body before, the value apart, after as many as `vanished`
   * there. False when there is none, and then none has vanished.
   */
  #matchLines(vanished: number, lastLine: number, stopAt: number): boolean {
    const next = this.#next;
    const before = this.#before;
    const resolver = this.#resolver;
    const known = this.#known;
    const firstLine = next.count;
    const firstCursor = resolver.cursor + vanished;
    if (firstCursor > before.count) return false;
    const seen = resolver.hasReturned ? resolver.seen : undefined;
    known.start(this.#at, firstCursor);
    do {
      const hasTimes = before.timesMs !== undefined || next.timesMs !== undefined;
      if (!hasTimes) known.take(before, next, seen, lastLine, stopAt);
    } while (next.count < lastLine && known.at < stopAt && this.#takeOther());
    if (next.count === firstLine) return false;

    if (vanished > 0) resolver.pass(firstCursor);
    if (!this.#isInStep()) {
      if (firstLine !== firstCursor) {
        next.layout.copy(before.layout, firstCursor, firstLine, next.count - firstLine);
      }
      resolver.noteSeen(firstCursor, known.cursor);
    }
    this.#at = known.at;
    resolver.cursor = known.cursor;
    this.#checkLimit();
    return true;
  }

  /** Takes over one line whose value has to be parsed, or that may have a time; false if it is new. */
  #takeOther(): boolean {
    const next = this.#next;
    const before = this.#before;
    const known = this.#known;
    const { lexer, seen } = this.#resolver;
    const { at, cursor } = known;
    if (known.isOther || cursor >= before.count || seen[cursor] !== 0) return false;
    const ref = before.layout.ref[cursor]!;
    const offset = before.layout.valueOffset[cursor]!;
    const left = next.bytes.length - at;
    if (ref === duplicateRef || offset > left) return false;
    const start = before.start(cursor);
    if (known.valueAt < 0 && !isSame(next.view, at, before.view, start, offset)) return false;
    const size = before.end[cursor]! - start;
    const isWhole =
      known.valueAt < 0 &&
      size <= left &&
      isSame(next.view, at + offset, before.view, start + offset, size - offset);
    if (isWhole) next.repeat(before, cursor, at + size);
    else if (lexer.tryValue(at + offset)) next.add(lexer.lineEnd, lexer.halves, this.#ownTime());
    else return false;
    known.pass(next.end[next.count - 1]!);
    return true;
  }

  /** Passes lines of the body before that are gone; false when the line at hand is not behind them. */
  #skipVanished(): boolean {
    if (!this.#resolver.skipVanished(this.#at)) return false;
    this.#leaveStep();
    return true;
  }

  /** Takes a new line that stands in the place of a known one; false if it is none. */
  #takeReplaced(): boolean {
    const next = this.#next;
    const resolver = this.#resolver;
    if (!resolver.isReplaced(this.#at)) return false;
    if (!resolver.mayPutOff) this.#settle();
    this.#leaveStep();
    if (next.layout.ref.length < next.end.length) next.layout.reserve(next.end.length);
    resolver.replace(this.#at);
    const line = next.count - 1;
    this.#at = next.end[line]!;
    next.setTime(line, this.#ownTime());
    this.#checkLimit();
    return true;
  }

  /** Finds out the series of the lines of which that was put off. */
  #settle(): void {
    this.#resolver.settle(this.#onDuplicate);
  }

  /** Reads a line that the body before does not foresee. */
  #readLine(): void {
    // What comes first counts, and series are numbered in the order of their lines.
    this.#settle();
    const next = this.#next;
    if (next.format === 'openmetrics' && this.#isAfterEof()) {
      const what = 'nothing may follow # EOF';
      throw new ExpositionError('EXPOSITION_AFTER_EOF', what, next.bytes, this.#at);
    }
    this.#leaveStep();
    if (next.layout.ref.length < next.end.length) next.layout.reserve(next.end.length);
    const resolver = this.#resolver;
    if (!resolver.read(this.#at)) {
      this.#at = next.bytes.length;
      return;
    }
    const line = next.count - 1;
    const ref = next.layout.ref[line]!;
    this.#at = next.end[line]!;
    next.setTime(line, ref === commentRef ? noTime : this.#ownTime());
    if (ref === duplicateRef) this.#onDuplicate(line, resolver.repeatedRef);
    this.#checkLimit();
  }

  readonly #onDuplicate = (line: number, ref: number): void => {
    this.#duplicates++;
    this.#noteRepeated(line, ref);
  };

  #noteRepeated(line: number, ref: number): void {
    if (this.#honorTimestamps && ref >= 0) this.#repeated.push(line, ref);
  }

  /** The time that the lexer has just read, if such times count. */
  #ownTime(): number {
    return this.#honorTimestamps ? this.#resolver.lexer.timeMs : noTime;
  }

  /** Throws when the lines so far have more samples than is allowed. */
  #checkLimit(): void {
    const next = this.#next;
    if (this.maxSamples === 0 || next.count <= this.maxSamples) return;
    this.#settle();
    const { ref } = next.layout;
    for (; this.#counted < next.count; this.#counted++) {
      if (ref[this.#counted]! >= 0) this.#samples++;
    }
    const repeated = next.timesMs === undefined ? 0 : this.#repeated.count;
    if (this.#samples + repeated <= this.maxSamples) return;
    const what = `more than ${String(this.maxSamples)} samples`;
    // The line that was one too many ends about here; the newline before it is on a line of ours.
    const { bytes } = next;
    const at = bytes[this.#at - 1] === newline ? this.#at - 1 : this.#at;
    throw new ExpositionError('EXPOSITION_SAMPLE_LIMIT', what, bytes, at);
  }
}
