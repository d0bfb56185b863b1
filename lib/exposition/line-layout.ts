/** So few lines are copied faster one by one. */
export const fewLines = 32;

/** Reference of a comment, a metadata line or an empty one. */
export const commentRef = -1;
/** Reference of a sample that the resolver does not want. */
export const droppedRef = -2;
/** Reference of a sample whose series had a value earlier in the same body. */
export const duplicateRef = -3;

/**
 * What the lines of a body are, without their values. Successive bodies mostly have the same lines
 * in the same order and then share one layout.
 */
export class LineLayout {
  /**
   * Offset of the value inside its line; what stands before it, delimiter included, is the series.
   * 0 where the line must be read and resolved anew.
   */
  valueOffset = new Int32Array(0);
  /** Series reference, or one of the negative ones above. */
  ref = new Int32Array(0);
  /** Hash of the series text (of the whole line for comments). */
  hash = new Int32Array(0);

  get sizeBytes(): number {
    return 3 * this.ref.byteLength;
  }

  /** Makes a line be read and resolved anew when it comes again, as those of duplicates are. */
  forget(line: number): void {
    this.ref[line] = duplicateRef;
    this.valueOffset[line] = 0;
  }

  reserve(capacity: number): void {
    this.valueOffset = grown(this.valueOffset, capacity);
    this.ref = grown(this.ref, capacity);
    this.hash = grown(this.hash, capacity);
  }

  /** Takes over `count` lines of `other` from line `from` on, as those from line `to` on. */
  copy(other: LineLayout, from: number, to: number, count: number): void {
    this.reserve(to + count);
    if (count < fewLines) {
      for (let line = 0; line < count; line++) {
        this.valueOffset[to + line] = other.valueOffset[from + line]!;
        this.ref[to + line] = other.ref[from + line]!;
        this.hash[to + line] = other.hash[from + line]!;
      }
      return;
    }
    this.valueOffset.set(other.valueOffset.subarray(from, from + count), to);
    this.ref.set(other.ref.subarray(from, from + count), to);
    this.hash.set(other.hash.subarray(from, from + count), to);
  }
}

/** `column` itself when it is long enough, else a longer copy. */
export function grown<Column extends Int32Array | Uint32Array | Float64Array>(
  column: Column,
  capacity: number,
): Column {
  if (capacity <= column.length) return column;
  const size = Math.max(capacity, Math.ceil(column.length * 1.5));
  const longer = new (column.constructor as new (length: number) => Column)(size);
  longer.set(column);
  return longer;
}
