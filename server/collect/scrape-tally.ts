/**
 * What all scrapes of this node came to since it began: counts that only grow, whichever targets come
 * and go, and whoever collects in between.
 */
export class ScrapeTally {
  #scrapes = 0;
  #samples = 0;
  readonly #failures = new Map<string, number>();

  get scrapes(): number {
    return this.#scrapes;
  }

  /** Of scrapes that succeeded. */
  get samples(): number {
    return this.#samples;
  }

  /** Failed scrapes by code; there are as many codes as reasons to fail. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  noteGood(samples: number): void {
    this.#scrapes++;
    this.#samples += samples;
  }

  noteFailed(code: string): void {
    this.#scrapes++;
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
  }
}
