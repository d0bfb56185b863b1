export { BodyBuffer } from './body-buffer.ts';
export { MemoryBudget, type MemoryHolder } from './memory-budget.ts';
export type { ParsingLane } from './parsing-lanes.ts';
export { ScrapeSlots, type ScrapeSlot } from './scrape-slots.ts';
export { Turnstile } from './turnstile.ts';
