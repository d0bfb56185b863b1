/** References of series, in order; keeps its memory when it is cleared. */
export class RefList {
  count = 0;
  /** As many as {@link count} are in use. */
  refs = new Int32Array(0);

  clear(): void {
    this.count = 0;
  }

  /** Appends the first `count` of `refs`. */
  push(refs: Int32Array, count: number): void {
    const end = this.count + count;
    if (end > this.refs.length) {
      const grown = new Int32Array(2 * end + 64);
      grown.set(this.refs.subarray(0, this.count));
      this.refs = grown;
    }
    this.refs.set(refs.subarray(0, count), this.count);
    this.count = end;
  }
}
