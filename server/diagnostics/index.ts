export { loadProcessFacts } from './process-facts.ts';
export { RecentLog } from './recent-log.ts';
export { supportFiles, type SupportFacts, type SupportFile } from './support-files.ts';
