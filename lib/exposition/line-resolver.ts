import { braceClose } from './bytes.ts';
import type { ExpositionFormat } from './format.ts';
import { LabelDecoder } from './label-decoder.ts';
import { idleLines, missesBeforeIndex, resyncLines, skippedLines } from './limits.ts';
import { LineFilter } from './line-filter.ts';
import { LineIndex } from './line-index.ts';
import { lineKind, type LineLexer } from './line-lexer.ts';
import { LineList } from './line-list.ts';
import { commentRef, droppedRef, duplicateRef, fewLines } from './line-layout.ts';
import { CreatedSeries } from './openmetrics-created.ts';
import { OpenMetricsLexer } from './openmetrics-lexer.ts';
import { ParsedBody } from './parsed-body.ts';
import { PutOffLines } from './put-off-lines.ts';
import { RefSet } from './ref-set.ts';
import { ReplacedLine } from './replaced-line.ts';
import { isSameText } from './same-bytes.ts';
import { SeriesVariant } from './series-variant.ts';
import type { SeriesVariants } from './series-variants.ts';
import { TextLexer } from './text-lexer.ts';

/**
 * Gives the reference of a series. `labels` is a flat list of names and values as exposed, the
 * metric name (`__name__`) first, in order of exposition; empty values are included, because an
 * exposed empty label may shadow a label of the target. References are below 2^31. A negative
 * result means that the series is not wanted. What it throws fails the body.
 */
export type SeriesResolver = (labels: string[]) => number;

/** Tells of what is like something known; where it cannot, the {@link SeriesResolver} is asked. */
export interface VariantResolver {
  /**
   * Gives the reference of the series that is as that of `ref` but for the value of its label `label`; undefined
   * when it cannot tell.
   */
  vary(ref: number, label: string, value: string): number | undefined;
  /** As `vary`, of many. */
  varyEach(variants: SeriesVariants): void;
}

/**
 * Reads the lines of a body that the body before does not foresee: tokenises them and finds their
 * series among the lines of the body before, or else asks the resolver.
 */
export class LineResolver {
  /** The one for the format of the body at hand. */
  lexer: LineLexer = new TextLexer();
  /** Line of the body before that the next line is expected to repeat. */
  cursor = 0;
  /** One flag per line of the body before: the body at hand has it too. */
  seen = new Uint8Array(0);
  /** Whether the cursor went back, so that there may be lines before it that were {@link seen}. */
  hasReturned = false;
  /** Lines of the body before that may have vanished are all in `[skippedFrom, skippedTo)`. */
  skippedFrom = 0;
  skippedTo = 0;
  /** References that came from the resolver. */
  readonly added = new RefSet();
  /** The lines that have them. */
  readonly newLines = new LineList();
  /** Whether the body before may have had some of {@link added} after all. */
  mayHaveReturned = false;
  /** Reference of the series of the line that was a duplicate last. */
  repeatedRef = droppedRef;
  /** Comments that stand nowhere in the body before. */
  newComments = 0;
  readonly #decoder = new LabelDecoder();
  readonly #index = new LineIndex();
  readonly #filter = new LineFilter();
  #before = new ParsedBody();
  #next = new ParsedBody();
  #resolve: SeriesResolver = () => droppedRef;
  #variantResolver: VariantResolver | undefined;
  readonly #variant = new SeriesVariant();
  readonly #replaced = new ReplacedLine();
  /** Lines whose series are still to be found out, and their series. */
  readonly #putOff = new PutOffLines();
  /** Line of the body at hand that was new last, or -1, and how many such lines stand there in a row. */
  #lastNew = -1;
  #newRun = 0;
  #isIndexBuilt = false;
  #format: ExpositionFormat = 'text';
  /** Tells the creation times of an OpenMetrics body. */
  readonly #created = new CreatedSeries();
  /** Series that were looked for nearby in vain. */
  #misses = 0;

  /** Bytes in memory that grow with the bodies. */
  get sizeBytes(): number {
    const { added, newLines, seen } = this;
    const found = this.#index.sizeBytes + this.#filter.sizeBytes;
    return seen.byteLength + found + added.sizeBytes + newLines.lines.byteLength;
  }

  /** How many lines before the one at hand were new. */
  get newRun(): number {
    return this.#lastNew >= 0 && this.#lastNew === this.#next.count - 1 ? this.#newRun : 0;
  }

  /** Begins with the first line of `next`. */
  reset(
    before: ParsedBody,
    next: ParsedBody,
    resolve: SeriesResolver,
    variantResolver?: VariantResolver,
  ): void {
    this.#before = before;
    this.#next = next;
    this.#resolve = resolve;
    this.#variantResolver = variantResolver;
    this.#putOff.clear();
    this.#lastNew = -1;
    this.#chooseLexer(next.format);
    this.lexer.reset(next.bytes);
    this.#created.reset(next);
    this.#decoder.reset(next.bytes);
    this.cursor = 0;
    this.hasReturned = false;
    this.skippedFrom = before.count;
    this.skippedTo = 0;
    this.added.clear();
    this.newLines.clear();
    this.mayHaveReturned = false;
    next.maxRef = before.maxRef;
    this.newComments = 0;
    this.#isIndexBuilt = false;
    this.#misses = 0;
    this.#filter.turn(before.count);
    const { count } = before;
    const isTooLarge = this.seen.length > 4 * count + idleLines;
    if (this.seen.length < count || isTooLarge) this.seen = new Uint8Array(before.end.length);
    else this.seen.fill(0, 0, count);
  }

  /**
   * Moves the cursor to the line at `at`, of which the body before has the same text in the same
   * format, when it is one of the next few: those between are gone. A line that was replaced by
   * a new one is passed so, too.
   */
  skipVanished(at: number): boolean {
    const before = this.#before;
    const { view, bytes } = this.#next;
    const { ref, valueOffset } = before.layout;
    const left = bytes.length - at;
    const end = Math.min(before.count, this.cursor + 1 + skippedLines);
    for (let line = this.cursor + 1; line < end; line++) {
      if (ref[line] === duplicateRef || this.seen[line] !== 0) continue;
      const size = valueOffset[line]!;
      const start = before.start(line);
      if (size > left) continue;
      // Neighbours begin alike; where the last label value ends they mostly differ.
      if (size > 3 && before.bytes[start + size - 4] !== bytes[at + size - 4]) continue;
      if (!isSameText(view, at, before.view, start, size)) continue;
      this.#moveTo(line);
      return true;
    }
    return false;
  }

  /** Notes that the lines of the body before up to `line` have vanished. */
  pass(line: number): void {
    this.#moveTo(line);
  }

  /** Notes that the lines `[from, to)` of the body before are in the body at hand, too. */
  noteSeen(from: number, to: number): void {
    const { seen } = this;
    if (to - from > fewLines) seen.fill(1, from, to);
    else for (let line = from; line < to; line++) seen[line] = 1;
  }

  /** Notes that the body is read: what the body before has behind the cursor is not in it. */
  finish(): void {
    if (this.cursor < this.#before.count) this.#moveTo(this.#before.count);
  }

  /** Appends the line at `at`; false where the body ends. Its reference tells what it was. */
  read(at: number): boolean {
    const { lexer } = this;
    switch (lexer.scan(at)) {
      case lineKind.end:
        return false;
      case lineKind.comment:
        this.#readComment(at);
        return true;
      case lineKind.sample:
        if (this.#isCreated()) this.#skipSample(at);
        else this.#readSample(at, lexer.series.end, lexer.valueStart);
        return true;
    }
  }

  /**
   * Whether the line at `at` is new, and stands in the place of the one that it should repeat: then
   * {@link replace} takes it.
   */
  isReplaced(at: number): boolean {
    const before = this.#before;
    const line = this.cursor + this.newRun;
    if (this.#variantResolver === undefined || line >= before.count) return false;
    if (this.#format !== 'text' || before.format !== 'text' || before.layout.ref[line]! < 0)
      return false;
    const replaced = this.#replaced;
    if (!replaced.match(this.#next, at, before, line)) return false;
    return this.lexer.tryValue(replaced.sampleStart) && !this.#mayBeKnown(replaced.hash);
  }

  /** Whether the series of the line that {@link isReplaced} was asked about last may be put off, too. */
  get mayPutOff(): boolean {
    return this.#putOff.takes(this.#next, this.#replaced);
  }

  /** Appends the line at `at`, of which {@link isReplaced} has just said so; {@link settle} finds out its series. */
  replace(at: number): void {
    const next = this.#next;
    const { lexer } = this;
    const { hash, sampleStart } = this.#replaced;
    const line = next.count;
    const known = this.#before.layout.ref[this.cursor + this.newRun]!;
    this.#putOff.push(line, known, this.#replaced, this.#decoder);
    this.#noteNew(line);
    next.count = line + 1;
    const { layout } = next;
    next.end[line] = lexer.lineEnd;
    layout.valueOffset[line] = sampleStart - at;
    layout.ref[line] = droppedRef;
    layout.hash[line] = hash;
    next.lo[line] = lexer.halves[0]!;
    next.hi[line] = lexer.halves[1]!;
  }

  /** Finds out the series of the lines that were put off; tells of each whose series had a value already. */
  settle(onDuplicate: (line: number, ref: number) => void): void {
    const putOff = this.#putOff;
    if (putOff.count === 0) return;
    this.#variantResolver?.varyEach(putOff.asked());
    this.#admitEach(putOff.lines, putOff.variants.found, putOff.count, onDuplicate);
    putOff.clear();
  }

  /** Notes what was found out about lines that were put off. */
  #admitEach(
    lines: Int32Array,
    found: Int32Array,
    count: number,
    onDuplicate: (line: number, ref: number) => void,
  ): void {
    const { layout } = this.#next;
    for (let at = 0; at < count; at++) {
      const line = lines[at]!;
      const ref = this.#admit(line, found[at]! < 0 ? this.#resolveTokens(line) : found[at]!);
      layout.ref[line] = ref;
      if (ref === duplicateRef) {
        layout.forget(line);
        onDuplicate(line, this.repeatedRef);
      }
    }
  }

  #resolveTokens(line: number): number {
    this.lexer.scan(this.#next.start(line));
    return this.#resolve(this.#decoder.decode(this.lexer.series));
  }

  #chooseLexer(format: ExpositionFormat): void {
    if (format === this.#format) return;
    this.#format = format;
    this.lexer = format === 'text' ? new TextLexer() : new OpenMetricsLexer();
  }

  #isCreated(): boolean {
    return this.#format === 'openmetrics' && this.#created.has(this.lexer.series);
  }

  /** Takes a sample that is not wanted by its very kind for a comment. */
  #skipSample(at: number): void {
    this.lexer.readValue(this.lexer.valueStart);
    this.#readComment(at);
  }

  #readComment(at: number): void {
    const next = this.#next;
    const { lineEnd } = this.lexer;
    const hash = next.hashOf(at, lineEnd);
    const found = this.#mayBeKnown(hash)
      ? this.#findNearby(hash, (line) => this.#before.isSameComment(line, next, at, lineEnd))
      : -1;
    if (found !== -1) this.#take(found);
    else this.newComments++;
    const line = next.count++;
    const { layout } = next;
    next.end[line] = lineEnd;
    layout.valueOffset[line] = lineEnd - at;
    layout.ref[line] = commentRef;
    layout.hash[line] = hash;
  }

  #readSample(at: number, seriesEnd: number, valueStart: number): void {
    const { lexer } = this;
    const next = this.#next;
    const hash = next.hashOf(at, seriesEnd);
    lexer.readValue(valueStart);
    const ref = this.#identify(at, seriesEnd, hash);
    // Without a delimiter between name and value a longer name would look like the same series.
    const hasDelimiter = valueStart > seriesEnd || next.bytes[seriesEnd - 1] === braceClose;
    const line = next.count++;
    const { layout } = next;
    next.end[line] = lexer.lineEnd;
    layout.valueOffset[line] = (hasDelimiter ? valueStart : lexer.lineEnd) - at;
    layout.ref[line] = ref;
    layout.hash[line] = hash;
    if (ref === duplicateRef) layout.forget(line);
    next.lo[line] = lexer.halves[0]!;
    next.hi[line] = lexer.halves[1]!;
  }

  /** Reference of the series in `[at, seriesEnd)`: from the body before, else from the resolver. */
  #identify(at: number, seriesEnd: number, hash: number): number {
    return this.#mayBeKnown(hash) ? this.#seek(at, seriesEnd, hash) : this.#resolveNew(at);
  }

  /** As {@link #identify}, of a series that the body before may have: looks for it there. */
  #seek(at: number, seriesEnd: number, hash: number): number {
    const before = this.#before;
    const accept = (line: number) => before.isSameSeries(line, this.#next, at, seriesEnd);
    let found = this.#findNearby(hash, accept);
    if (found === -1 && ++this.#misses > missesBeforeIndex(before.count)) {
      if (!this.#isIndexBuilt) this.#index.build(before);
      this.#isIndexBuilt = true;
      found = this.#index.find(before, hash, accept);
    }
    if (found === -1) return this.#resolveNew(at);
    if (this.seen[found] === 1) {
      // What is not wanted is not wanted as often as it comes.
      if (before.layout.ref[found] === droppedRef) return droppedRef;
      this.repeatedRef = before.layout.ref[found]!;
      if (before.layout.ref[this.cursor] === duplicateRef) this.cursor++;
      return duplicateRef;
    }
    this.#take(found);
    return before.layout.ref[found]!;
  }

  /** Notes that the line at hand is line `found` of the body before. */
  #take(found: number): void {
    this.#moveTo(found);
    this.seen[found] = 1;
    this.cursor = found + 1;
  }

  /** Moves the cursor to `line`; the lines that it passes may have vanished. */
  #moveTo(line: number): void {
    if (line > this.cursor) {
      this.skippedFrom = Math.min(this.skippedFrom, this.cursor);
      this.skippedTo = Math.max(this.skippedTo, line);
    } else if (line < this.cursor) this.hasReturned = true;
    this.cursor = line;
  }

  #resolveNew(at: number): number {
    const lastNew = this.#lastNew;
    this.#noteNew(this.#next.count);
    return this.#admit(this.#next.count, this.#tokenised(at, lastNew));
  }

  /** Notes that a line is new. */
  #noteNew(line: number): void {
    this.#newRun = this.newRun + 1;
    this.#lastNew = line;
  }

  /** Notes what was found out about a new line; returns its reference. */
  #admit(line: number, ref: number): number {
    if (ref < 0) return droppedRef;
    if (!this.added.add(ref)) {
      this.repeatedRef = ref;
      return duplicateRef;
    }
    this.newLines.push(line);
    if (ref <= this.#before.maxRef) this.mayHaveReturned = true;
    else if (ref > this.#next.maxRef) this.#next.maxRef = ref;
    return ref;
  }

  /** Reference of the series at `at` by its tokens; line `lastNew` was new before it. */
  #tokenised(at: number, lastNew: number): number {
    return (
      this.#varied(this.#before, this.cursor, at) ??
      this.#varied(this.#next, lastNew, at) ??
      this.#resolve(this.#decoder.decode(this.lexer.series))
    );
  }

  /** Reference of the series at `at` when it is that of line `line` of `known` but for one value. */
  #varied(known: ParsedBody, line: number, at: number): number | undefined {
    if (this.#variantResolver === undefined || line < 0 || line >= known.count) return undefined;
    const ref = known.layout.ref[line]!;
    const { series } = this.lexer;
    const variant = this.#variant;
    if (ref < 0 || !variant.compare(this.#next, at, series, known, line)) return undefined;
    const decoder = this.#decoder;
    return this.#variantResolver.vary(
      ref,
      decoder.name(variant.nameStart, variant.nameEnd),
      decoder.value(variant.valueStart, variant.valueEnd),
    );
  }

  /** Whether the body before may have a line with `hash`: mostly only if it has. */
  #mayBeKnown(hash: number): boolean {
    if (this.#before.count === 0) return false;
    if (!this.#filter.isBuilt) this.#filter.build(this.#before, this.#next);
    return this.#filter.meet(hash);
  }

  /** A line at or after the cursor with `hash` that `accept` takes, or -1. */
  #findNearby(hash: number, accept: (line: number) => boolean): number {
    const hashes = this.#before.layout.hash;
    const end = Math.min(this.#before.count, this.cursor + resyncLines);
    // Equal hashes are rare. The engine's own search would need a view of the part first.
    for (let line = this.cursor; line < end; line++) {
      if (hashes[line] === hash && accept(line)) return line;
    }
    return -1;
  }
}
