import type { LabelDecoder } from './label-decoder.ts';
import { maxPutOffLines } from './limits.ts';
import type { ParsedBody } from './parsed-body.ts';
import type { ReplacedLine } from './replaced-line.ts';
import { isSameText } from './same-bytes.ts';
import type { SeriesVariants } from './series-variants.ts';

/**
 * New lines in order, of whose series it is known which one it is like but for the value of a label, the same in
 * all: the questions are asked together.
 */
export class PutOffLines {
  count = 0;
  readonly lines = new Int32Array(maxPutOffLines);
  readonly variants = {
    count: 0,
    refs: new Int32Array(maxPutOffLines),
    name: '',
    values: Array.from({ length: maxPutOffLines }, () => ''),
    longestValue: 0,
    found: new Int32Array(maxPutOffLines),
    added: new Int32Array(maxPutOffLines),
  } satisfies SeriesVariants;
  #nameStart = 0;
  #nameSize = 0;

  clear(): void {
    this.count = 0;
    this.variants.longestValue = 0;
  }

  /** Whether there is room for a line. */
  takes({ view }: ParsedBody, { nameStart, nameEnd }: ReplacedLine): boolean {
    if (this.count === 0) return true;
    const size = nameEnd - nameStart;
    if (this.count === maxPutOffLines || size !== this.#nameSize) return false;
    return isSameText(view, nameStart, view, this.#nameStart, size);
  }

  /** Appends a line whose series is like that of `ref`; it must be one that {@link takes} says so of. */
  push(line: number, ref: number, replaced: ReplacedLine, decoder: LabelDecoder): void {
    const { variants } = this;
    if (this.count === 0) {
      const { nameStart, nameEnd } = replaced;
      variants.name = decoder.name(nameStart, nameEnd);
      this.#nameStart = nameStart;
      this.#nameSize = nameEnd - nameStart;
    }
    const value = decoder.plainValue(replaced.valueStart, replaced.valueEnd);
    const at = this.count++;
    this.lines[at] = line;
    variants.refs[at] = ref;
    variants.values[at] = value;
    if (value.length > variants.longestValue) variants.longestValue = value.length;
  }

  /** The series of all lines. */
  asked(): SeriesVariants {
    this.variants.count = this.count;
    return this.variants;
  }
}
