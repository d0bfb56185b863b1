import { maxLabels } from './limits.ts';

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
}
