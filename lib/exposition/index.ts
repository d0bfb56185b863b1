export { ExpositionError, type ExpositionErrorCode } from './errors.ts';
export { acceptedFormats, formatOf, type ExpositionFormat } from './format.ts';
export { LineTemplate, type BodySummary, type LineTemplateOptions } from './line-template.ts';
export type { SeriesResolver, VariantResolver } from './line-resolver.ts';
export type { FamilyMetadata } from './metadata.ts';
export type { SampleSink } from './sample-sink.ts';
export type { SeriesVariants } from './series-variants.ts';
