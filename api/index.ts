export type { Cardinality, SeriesCutOff, TargetGrowth } from './cardinality.ts';
export { consolePages } from './console-pages.ts';
export {
  dumpArchivePath,
  dumpPhases,
  dumpRedactions,
  dumpStates,
  maxStepSeconds,
  minStepSeconds,
  type Dump,
  type DumpAliases,
  type DumpChoices,
  type DumpEstimate,
  type DumpFilter,
  type DumpList,
  type DumpPhase,
  type DumpPreview,
  type DumpRedaction,
  type DumpRequest,
  type DumpState,
} from './dumps.ts';
export type { ApiError } from './errors.ts';
export { inEnglish, toldAs } from './in-english.ts';
export { makeProblem } from './make-problem.ts';
export {
  isKnownSentence,
  isSentenceList,
  say,
  type KnownSentence,
  type Sentence,
  type SentenceValue,
  type SentenceValues,
} from './sentence.ts';
export { english, type SentenceId } from './sentences/index.ts';
export { namesInTemplate } from './template.ts';
export type {
  ClusterNode,
  Mode,
  Problem,
  Status,
  StoreStatus,
  SyncOutcome,
  SyncStatus,
} from './status.ts';
export type { Gap, RejectedSamples, ScrapeOutcome, Target, TargetList } from './targets.ts';
