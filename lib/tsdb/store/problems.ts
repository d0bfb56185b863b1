import type { StoreProblem } from './types.ts';

/** What is wrong with a store at present: one problem per cause, gone when the cause is. */
export class Problems {
  readonly #byCause = new Map<string, StoreProblem>();

  set(cause: string, problem: StoreProblem): void {
    this.#byCause.set(cause, problem);
  }

  clear(cause: string): void {
    this.#byCause.delete(cause);
  }

  list(): StoreProblem[] {
    return [...this.#byCause.values()];
  }
}
