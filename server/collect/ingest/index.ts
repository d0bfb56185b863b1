export { SeriesGrowth, type CutOff } from './series-growth.ts';
export { storeError } from './store-errors.ts';
export {
  TargetSeries,
  type IngestResult,
  type ScrapeTime,
  type YieldTurn,
} from './target-series.ts';
export { warmUp, type WarmUpOptions } from './warm-up.ts';
