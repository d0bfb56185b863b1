export { counterTest, metricTypes, type MetricTypes } from './counter-metrics.ts';
export { intervalMsOf, longerMs, tellsInterval } from './sample-interval.ts';
export { labelsHash, SeriesCount } from './series-count.ts';
