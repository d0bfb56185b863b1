import { boards } from '../../../panels/index.ts';
import {
  ChunkIterator,
  labelValue,
  metricNameLabel,
  type ChunkEntry,
  type Labels,
} from '../../../lib/tsdb/index.ts';

/** The series that has a sample for every scrape, whatever came of it. */
const everyScrape = 'up';

/** Jobs that boards are about; other targets may have intervals of their own. */
const boardJobs: ReadonlySet<string> = new Set(boards.flatMap(({ jobs }) => jobs));

/** Fewer samples say nothing of a rhythm: one may be a staleness marker, or follow a restart. */
const fewestSamples = 4;

/** Whether the chunks of a series tell how often what the boards show was scraped. */
export function tellsInterval(labels: Labels): boolean {
  const isForAll = labelValue(labels, metricNameLabel) === everyScrape;
  return isForAll && boardJobs.has(labelValue(labels, 'job') ?? '');
}

/** Time between two scrapes of a chunk, the middle one of all; null where it does not tell. */
export function intervalMsOf({ data, numSamples }: ChunkEntry): number | null {
  if (numSamples < fewestSamples) return null;
  const samples = new ChunkIterator(data);
  const pausesMs: number[] = [];
  samples.next();
  for (let beforeMs = samples.timeMs; samples.next(); beforeMs = samples.timeMs) {
    pausesMs.push(samples.timeMs - beforeMs);
  }
  pausesMs.sort((a, b) => a - b);
  return pausesMs[Math.floor(pausesMs.length / 2)] ?? null;
}

/** The longer of two intervals, where either may be unknown. */
export function longerMs(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
