import { maxRecordBytes, maxSightings } from './limits.ts';

interface Sighting {
  raw: Uint8Array;
  /** Monotonic time of the first sight, or of the refusal that made it start anew. */
  sinceMs: number;
  isRefused: boolean;
}

/**
 * Since when which bytes have been known to stand in the store. Bytes never come back once they were
 * replaced, so a compare-and-set from them that succeeds proves that nothing happened since the first
 * sight, also when a lagging replica showed something else in between. Bounded: the oldest goes.
 */
export class Sightings {
  #seen: Sighting[] = [];

  /** Notes that `raw` was read; empty bytes stand for no record. */
  note(raw: Uint8Array, nowMs: number): Readonly<Sighting> {
    const known = this.#seen.find((sighting) => isSameBytes(sighting.raw, raw));
    return known ?? this.#add({ raw, sinceMs: nowMs, isRefused: false });
  }

  /** A compare-and-set from `raw` was refused, so the read was stale: watched from now on anew. */
  refuse(raw: Uint8Array, nowMs: number): void {
    this.#seen = this.#seen.filter((sighting) => !isSameBytes(sighting.raw, raw));
    this.#add({ raw, sinceMs: nowMs, isRefused: true });
  }

  #add(sighting: Sighting): Sighting {
    // Somebody's huge value costs its memory once.
    if (sighting.raw.length > maxRecordBytes) this.#seen = [];
    if (this.#seen.length === maxSightings) this.#seen.shift();
    this.#seen.push(sighting);
    return sighting;
  }
}

export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
