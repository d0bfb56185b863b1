export { ExpositionError, type ExpositionErrorCode } from './errors.ts';
export {
  LineTemplate,
  type BodySummary,
  type LineTemplateOptions,
  type SampleSink,
} from './line-template.ts';
export type { SeriesResolver } from './line-resolver.ts';
export type { FamilyMetadata, FamilyType } from './metadata.ts';
