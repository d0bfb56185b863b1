export { metricsListener } from './metrics-listener.ts';
export { partsMetrics } from './parts-metrics.ts';
export { privateMemoryBytes } from './private-memory.ts';
export type { PartsMetrics } from './self-metrics.ts';
