export type { NameResolver } from './name-lookup.ts';
export { ScrapeClient, type BodyFetcher, type ScrapeRequest } from './scrape-http.ts';
