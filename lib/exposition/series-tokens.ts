import { maxLabels } from './limits.ts';
import { countSame } from './same-bytes.ts';

/** Entries per label in {@link SeriesTokens.pairs}: name start and end, value start and end. */
export const pairStride = 4;

/** Where the name and the labels of one series stand in a body; quotes are left out. */
export class SeriesTokens {
  /** The metric name; a quoted one may hold escapes. */
  nameStart = 0;
  nameEnd = 0;
  /** Offset behind name and braces. */
  end = 0;
  /** Labels found inside the braces. */
  pairCount = 0;
  /** {@link pairStride} offsets per label; escapes as they stand. */
  readonly pairs = new Int32Array(maxLabels * pairStride);
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Turns to another body. */
  turnTo(body: Uint8Array): void {
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.reset(-1, -1);
  }

  /** Forgets the labels; the name is `[nameStart, nameEnd)`, both -1 as long as it is not known. */
  reset(nameStart: number, nameEnd: number): void {
    this.nameStart = nameStart;
    this.nameEnd = nameEnd;
    this.end = nameEnd;
    this.pairCount = 0;
  }

  /** Whether there is no room for one more label. */
  get isFull(): boolean {
    return this.pairCount === maxLabels;
  }

  /** Adds a label unless {@link isFull}. */
  add(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const slot = this.pairCount++ * pairStride;
    this.pairs[slot] = nameStart;
    this.pairs[slot + 1] = nameEnd;
    this.pairs[slot + 2] = valueStart;
    this.pairs[slot + 3] = valueEnd;
  }

  /**
   * Turns to the series at `start`, of which the name and the first labels are mostly those of the
   * series at hand, which began at `before` with its name: takes over as many labels as have the
   * same bytes up to the quote that closes them. Returns the offset behind that quote, or -1 when
   * there is no such label and nothing has changed. What is read of a line depends on nothing that
   * stands further right, so that this is what reading would find.
   */
  share(before: number, start: number): number {
    if (this.pairCount === 0 || this.nameStart !== before) return -1;
    const most = Math.min(this.end - before, this.#view.byteLength - start);
    const same = countSame(this.#view, start, this.#view, before, most);
    const { pairs } = this;
    let count = 0;
    while (count < this.pairCount && pairs[count * pairStride + 3]! - before < same) count++;
    if (count === 0) return -1;
    const shift = start - before;
    this.nameStart += shift;
    this.nameEnd += shift;
    this.pairCount = count;
    for (let at = 0; at < count * pairStride; at++) pairs[at]! += shift;
    return pairs[count * pairStride - 1]! + 1;
  }
}
