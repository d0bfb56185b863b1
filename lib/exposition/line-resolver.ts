import { braceClose } from './bytes.ts';
import type { ExpositionFormat } from './format.ts';
import { LabelDecoder } from './label-decoder.ts';
import { idleLines, missesBeforeIndex, resyncLines } from './limits.ts';
import { LineIndex } from './line-index.ts';
import { lineKind, type LineLexer } from './line-lexer.ts';
import { commentRef, droppedRef, duplicateRef } from './line-layout.ts';
import { CreatedSeries } from './openmetrics-created.ts';
import { OpenMetricsLexer } from './openmetrics-lexer.ts';
import { ParsedBody } from './parsed-body.ts';
import { TextLexer } from './text-lexer.ts';

/**
 * Gives the reference of a series. `labels` is a flat list of names and values as exposed, the
 * metric name (`__name__`) first, in order of exposition; empty values are included, because an
 * exposed empty label may shadow a label of the target. References are below 2^31. A negative
 * result means that the series is not wanted. What it throws fails the body.
 */
export type SeriesResolver = (labels: string[]) => number;

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
  /** References that came from the resolver. */
  readonly added = new Set<number>();
  /** Comments that stand nowhere in the body before. */
  newComments = 0;
  readonly #decoder = new LabelDecoder();
  readonly #index = new LineIndex();
  #before = new ParsedBody();
  #next = new ParsedBody();
  #resolve: SeriesResolver = () => droppedRef;
  #isIndexBuilt = false;
  #format: ExpositionFormat = 'text';
  /** Tells the creation times of an OpenMetrics body. */
  readonly #created = new CreatedSeries();
  /** Series that were looked for nearby in vain. */
  #misses = 0;

  /** Begins with the first line of `next`. */
  reset(before: ParsedBody, next: ParsedBody, resolve: SeriesResolver): void {
    this.#before = before;
    this.#next = next;
    this.#resolve = resolve;
    this.#chooseLexer(next.format);
    this.lexer.reset(next.bytes);
    this.#created.reset(next);
    this.#decoder.reset(next.bytes);
    this.cursor = 0;
    this.added.clear();
    this.newComments = 0;
    this.#isIndexBuilt = false;
    this.#misses = 0;
    const { count } = before;
    const isTooLarge = this.seen.length > 4 * count + idleLines;
    if (this.seen.length < count || isTooLarge) this.seen = new Uint8Array(before.end.length);
    else this.seen.fill(0, 0, count);
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
        else this.#readSample(at);
        return true;
    }
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
    const found = this.#findNearby(hash, (line) =>
      this.#before.isSameComment(line, next, at, lineEnd),
    );
    if (found !== -1) {
      this.seen[found] = 1;
      this.cursor = found + 1;
    } else this.newComments++;
    const line = next.count++;
    const { layout } = next;
    next.end[line] = lineEnd;
    layout.valueOffset[line] = lineEnd - at;
    layout.ref[line] = commentRef;
    layout.hash[line] = hash;
  }

  #readSample(at: number): void {
    const { lexer } = this;
    const next = this.#next;
    const { valueStart } = lexer;
    const seriesEnd = lexer.series.end;
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
    next.lo[line] = lexer.halves[0]!;
    next.hi[line] = lexer.halves[1]!;
  }

  /** Reference of the series in `[at, seriesEnd)`: from the body before, else from the resolver. */
  #identify(at: number, seriesEnd: number, hash: number): number {
    const before = this.#before;
    const accept = (line: number) => before.isSameSeries(line, this.#next, at, seriesEnd);
    let found = this.#findNearby(hash, accept);
    if (found === -1 && before.count > 0 && ++this.#misses > missesBeforeIndex) {
      if (!this.#isIndexBuilt) this.#index.build(before);
      this.#isIndexBuilt = true;
      found = this.#index.find(before, hash, accept);
    }
    if (found === -1) return this.#resolveNew();
    if (this.seen[found] === 1) {
      if (before.layout.ref[this.cursor] === duplicateRef) this.cursor++;
      return duplicateRef;
    }
    this.seen[found] = 1;
    this.cursor = found + 1;
    return before.layout.ref[found]!;
  }

  #resolveNew(): number {
    const ref = this.#resolve(this.#decoder.decode(this.lexer.series));
    if (ref < 0) return droppedRef;
    if (this.added.has(ref)) return duplicateRef;
    this.added.add(ref);
    return ref;
  }

  /** A line at or after the cursor with `hash` that `accept` takes, or -1. */
  #findNearby(hash: number, accept: (line: number) => boolean): number {
    const hashes = this.#before.layout.hash;
    const end = Math.min(this.#before.count, this.cursor + resyncLines);
    for (let line = this.cursor; line < end; line++) {
      if (hashes[line] === hash && accept(line)) return line;
    }
    return -1;
  }
}
