export { partsMetrics } from './parts-metrics.ts';
export { metricsListener, privateMemoryBytes, type PartsMetrics } from './self-metrics.ts';
