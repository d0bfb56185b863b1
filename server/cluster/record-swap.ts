import type { CallStart, LeaseCalls } from './lease-calls.ts';
import { encodeLease, type StoredLease } from './lease-record.ts';

/** `won`: the record stands in the store; that is known of the moment when the call began. */
export type SwapEnd =
  | ({ kind: 'won'; stored: StoredLease } & CallStart)
  | { kind: 'lost' }
  | { kind: 'unknown'; isLate: boolean };

/**
 * Compare-and-set of the lease when answers may get lost. A call without an answer may have written:
 * it is repeated with the same bytes. When that is refused, either the first one did write, and then
 * a compare-and-set from those bytes succeeds, or somebody else has the lease. No read decides
 * this: reads may come from a replica.
 */
export class RecordSwap {
  readonly #calls: LeaseCalls;
  #open: { from: Uint8Array; to: StoredLease } | undefined;

  constructor(calls: LeaseCalls) {
    this.#calls = calls;
  }

  /** With a call that has no answer: what may stand in the store now, before it and after it. */
  get open(): Uint8Array[] {
    return this.#open === undefined ? [] : [this.#open.from, this.#open.to.raw];
  }

  /** Repeats the call that had no answer; undefined when there is none. */
  async settle(): Promise<SwapEnd | undefined> {
    const open = this.#open;
    if (open === undefined) return undefined;
    const end = await this.#attempt(open.from, open.to);
    if (end.kind !== 'lost') return end;
    return this.#attempt(open.to.raw, renewed(open.to));
  }

  /** Writes `to` if exactly `from` stands in the store. Only when nothing is left to settle. */
  swap(from: Uint8Array, to: StoredLease): Promise<SwapEnd> {
    return this.#attempt(from, to);
  }

  async #attempt(from: Uint8Array, to: StoredLease): Promise<SwapEnd> {
    this.#open = { from, to };
    const end = await this.#calls.swap(from, to.raw);
    if (end.kind !== 'answered') return { kind: 'unknown', isLate: end.kind === 'late' };
    this.#open = undefined;
    const { startMs, startWallMs } = end;
    return end.value ? { kind: 'won', stored: to, startMs, startWallMs } : { kind: 'lost' };
  }
}

/** The same record with other bytes. */
export function renewed({ record }: StoredLease): StoredLease {
  return encodeLease({ ...record, sequence: record.sequence + 1 });
}
