export { MetadataBook, type MetadataFile, type MetricMetadata } from './metric-metadata.ts';
