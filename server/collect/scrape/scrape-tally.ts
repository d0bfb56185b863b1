import type { RejectedSamples } from '../../../api/index.ts';

/**
 * What all scrapes of this node came to since it began: counts that only grow, whichever targets come
 * and go, and whoever collects in between.
 */
export class ScrapeTally {
  #scrapes = 0;
  #samples = 0;
  readonly #rejected = { outOfOrder: 0, tooOld: 0, tooNew: 0, duplicates: 0, duplicateLines: 0 };
  readonly #failures = new Map<string, number>();

  get scrapes(): number {
    return this.#scrapes;
  }

  /** Of scrapes that succeeded. */
  get samples(): number {
    return this.#samples;
  }

  /** Samples of such scrapes that were not stored, by reason. */
  get rejected(): Readonly<RejectedSamples> {
    return this.#rejected;
  }

  /** Failed scrapes by code; there are as many codes as reasons to fail. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  noteGood(samples: number, rejected: RejectedSamples): void {
    this.#scrapes++;
    this.#samples += samples;
    for (const [reason, count] of Object.entries(rejected) as [keyof RejectedSamples, number][]) {
      this.#rejected[reason] += count;
    }
  }

  noteFailed(code: string): void {
    this.#scrapes++;
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
  }
}
