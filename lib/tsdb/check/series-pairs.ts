import { ListPrints } from './list-prints.ts';
import { maxTrackedPairs } from './limits.ts';

/** Which label pairs the series of an index have, as the postings should list them. */
export class SeriesPairs {
  readonly prints = new ListPrints();
  /** Number of the list of all series. */
  readonly all = this.prints.start();
  readonly #pairs = new Map<number, Map<number, number>>();
  /** More pairs than are remembered: nothing can be said about postings. */
  isOverfull = false;

  /** Notes a series; `symbols` are the positions of names and values in turn. */
  add(ref: number, symbols: readonly number[]): void {
    this.prints.add(this.all, ref);
    for (let at = 0; at + 1 < symbols.length; at += 2) {
      const pair = this.#pair(symbols[at]!, symbols[at + 1]!);
      if (pair !== undefined) this.prints.add(pair, ref);
    }
  }

  /** Number of the list of a pair, or undefined when no series has it. */
  find(name: number, value: number): number | undefined {
    return this.#pairs.get(name)?.get(value);
  }

  /** All pairs with the numbers of their lists. */
  *entries(): Generator<[name: number, value: number, list: number]> {
    for (const [name, values] of this.#pairs) {
      for (const [value, list] of values) yield [name, value, list];
    }
  }

  #pair(name: number, value: number): number | undefined {
    let values = this.#pairs.get(name);
    if (values === undefined) this.#pairs.set(name, (values = new Map<number, number>()));
    const known = values.get(value);
    if (known !== undefined) return known;
    if (this.prints.length > maxTrackedPairs) {
      this.isOverfull = true;
      return undefined;
    }
    const list = this.prints.start();
    values.set(value, list);
    return list;
  }
}
