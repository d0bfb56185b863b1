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
  /** Offset of the value inside its line; what stands before it, delimiter included, is the series. */
  valueOffset = new Int32Array(0);
  /** Series reference, or one of the negative ones above. */
  ref = new Int32Array(0);
  /** Hash of the series text (of the whole line for comments). */
  hash = new Int32Array(0);

  get sizeBytes(): number {
    return 3 * this.ref.byteLength;
  }

  reserve(capacity: number): void {
    this.valueOffset = grown(this.valueOffset, capacity);
    this.ref = grown(this.ref, capacity);
    this.hash = grown(this.hash, capacity);
  }

  /** Takes over the first `count` lines of `other`. */
  copy(other: LineLayout, count: number): void {
    this.reserve(count);
    this.valueOffset.set(other.valueOffset.subarray(0, count));
    this.ref.set(other.ref.subarray(0, count));
    this.hash.set(other.hash.subarray(0, count));
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
