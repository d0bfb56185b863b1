import type { CallStart, LeaseCalls } from './lease-calls.ts';
import { encodeLease, type StoredLease } from './lease-record.ts';
import { refusalChecks } from './limits.ts';

/** `won`: the record stands in the store; that is known of the moment when the call began. */
export type SwapEnd =
  | ({ kind: 'won'; stored: StoredLease } & CallStart)
  | { kind: 'lost' }
  | { kind: 'unknown'; isLate: boolean };

/**
 * Compare-and-set of the lease when answers may get lost. A call without an answer may have written:
 * it is repeated with the same bytes. A refusal does not say that somebody else has the lease either:
 * the server's database driver repeats by itself what broke off, and tells of the repetition alone.
 * When the refused record did get written, a compare-and-set from its bytes succeeds. No read decides
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
    return await this.swap(open.from, open.to);
  }

  /** Writes `to`, or a later record, if `from` stands in the store. Only when nothing is left to settle. */
  async swap(from: Uint8Array, to: StoredLease): Promise<SwapEnd> {
    let end = await this.#attempt(from, to);
    let refused = to;
    for (let at = 0; at < refusalChecks && end.kind === 'lost'; at++) {
      const next = renewed(refused);
      end = await this.#attempt(refused.raw, next);
      refused = next;
    }
    return end;
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

/** The same record with other bytes, and the time of a renewal if it is one. */
export function renewed({ record }: StoredLease, untilMs = record.untilMs): StoredLease {
  return encodeLease({ ...record, sequence: record.sequence + 1, untilMs });
}
