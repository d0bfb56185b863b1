import type { ParsedBody } from './parsed-body.ts';

/** Longest run of taken slots that is walked: a hostile body could make all its hashes collide. */
const maxProbes = 64;

/**
 * Finds lines of a body by the hash of their series: open addressing over line numbers. Built only
 * when a body was reordered further than the local search looks. It may miss a line when many
 * hashes collide; the caller then treats the line as new, which is slower and still right.
 */
export class LineIndex {
  #slots = new Int32Array(0);
  #mask = 0;

  get sizeBytes(): number {
    return this.#slots.byteLength;
  }

  /** Takes over all lines of `lines` that hold a series. */
  build(lines: ParsedBody): void {
    let size = 64;
    while (size < lines.count * 2) size *= 2;
    if (this.#slots.length === size) this.#slots.fill(-1);
    else this.#slots = new Int32Array(size).fill(-1);
    this.#mask = size - 1;
    for (let line = 0; line < lines.count; line++) {
      if (lines.layout.ref[line]! < 0) continue;
      let slot = lines.layout.hash[line]! & this.#mask;
      let probes = 0;
      while (this.#slots[slot] !== -1 && ++probes < maxProbes) slot = (slot + 1) & this.#mask;
      if (this.#slots[slot] === -1) this.#slots[slot] = line;
    }
  }

  /** The first line with `hash` that `accept` takes, or -1. */
  find(lines: ParsedBody, hash: number, accept: (line: number) => boolean): number {
    let slot = hash & this.#mask;
    for (let probes = 0; probes < maxProbes; probes++) {
      const line = this.#slots[slot]!;
      if (line === -1) return -1;
      if (lines.layout.hash[line] === hash && accept(line)) return line;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }
}
