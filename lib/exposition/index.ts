export { ExpositionError, type ExpositionErrorCode } from './errors.ts';
export {
  LineTemplate,
  type BodySummary,
  type LineTemplateOptions,
  type SampleSink,
  type SeriesResolver,
} from './line-template.ts';
export type { FamilyMetadata, FamilyType } from './metadata.ts';
