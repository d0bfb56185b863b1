export { ScrapeLoop, type LoopEnvironment } from './scrape-loop.ts';
export type { LoopStatus } from './scrape-record.ts';
export { ScrapeTally } from './scrape-tally.ts';
