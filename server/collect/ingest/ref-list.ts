/** References of series, in order; keeps its memory when it is cleared. */
export class RefList {
  count = 0;
  /** As many as {@link count} are in use. */
  refs = new Int32Array(0);

  clear(): void {
    this.count = 0;
  }

  add(ref: number): void {
    if (this.count === this.refs.length) this.#grow(1);
    this.refs[this.count++] = ref;
  }

  /** Appends the first `count` of `refs`. */
  push(refs: Int32Array, count: number): void {
    if (this.count + count > this.refs.length) this.#grow(count);
    this.refs.set(refs.subarray(0, count), this.count);
    this.count += count;
  }

  #grow(count: number): void {
    const grown = new Int32Array(2 * (this.count + count));
    grown.set(this.refs.subarray(0, this.count));
    this.refs = grown;
  }
}
