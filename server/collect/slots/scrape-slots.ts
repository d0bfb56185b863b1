import type { SampleBatch } from '../../../lib/tsdb/index.ts';
import {
  maxBodiesBytes,
  maxConcurrentScrapes,
  maxDownScrapes,
  maxIdleSamples,
  maxIdleSlots,
} from '../limits.ts';
import type { SampleStore } from '../sample-store.ts';
import { MemoryBudget } from './memory-budget.ts';
import { BodyBuffer } from './body-buffer.ts';
import { ParsingLanes } from './parsing-lanes.ts';
import { Turnstile } from './turnstile.ts';

/** The memory that one scrape needs while it is under way. */
export interface ScrapeSlot {
  readonly body: BodyBuffer;
  readonly batch: SampleBatch;
}

/** Bounds how many scrapes are under way, and lets them share their memory. */
export class ScrapeSlots {
  readonly #store: SampleStore;
  readonly #turnstile = new Turnstile(maxConcurrentScrapes);
  readonly #down = new Turnstile(maxDownScrapes);
  readonly #idle: ScrapeSlot[] = [];
  readonly #budget: MemoryBudget;
  /** Parsing and storing takes turns. */
  readonly parsing = new ParsingLanes();

  /** Tests lower the budget of bodies. */
  constructor(store: SampleStore, bodiesBytes = maxBodiesBytes) {
    this.#store = store;
    this.#budget = new MemoryBudget(bodiesBytes);
  }

  /** Memory of the bodies under way. */
  get bodiesBytes(): number {
    return this.#budget.totalBytes;
  }

  #newSlot(): ScrapeSlot {
    return { body: new BodyBuffer(this.#budget), batch: this.#store.newBatch() };
  }

  /** Runs `work` with a slot once one is free. Not all are for targets that were down last time. */
  use<Result>(work: (slot: ScrapeSlot) => Promise<Result>, wasDown = false): Promise<Result> {
    return wasDown ? this.#down.pass(() => this.#use(work)) : this.#use(work);
  }

  async #use<Result>(work: (slot: ScrapeSlot) => Promise<Result>): Promise<Result> {
    return this.#turnstile.pass(async () => {
      const slot = this.#idle.pop() ?? this.#newSlot();
      try {
        return await work(slot);
      } finally {
        slot.batch.clear();
        slot.body.shrink();
        const isUsual = slot.batch.refs.length <= maxIdleSamples;
        if (isUsual && this.#idle.length < maxIdleSlots) this.#idle.push(slot);
      }
    });
  }
}
