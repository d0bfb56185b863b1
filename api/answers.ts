import type { Cardinality, SeriesCutOff, TargetGrowth } from './cardinality.ts';
import {
  dumpPhases,
  dumpRedactions,
  dumpStates,
  type Dump,
  type DumpChoices,
  type DumpEstimate,
  type DumpFilter,
  type DumpList,
  type DumpPreview,
} from './dumps.ts';
import type { ApiError } from './errors.ts';
import { optionalSentence, optionalSentences, withoutAbsent } from './read-sentence.ts';
import type { ClusterNode, Problem, Status, SyncOutcome, SyncStatus } from './status.ts';
import type { Gap, ScrapeOutcome, Target, TargetList } from './targets.ts';
import {
  fields,
  flag,
  list,
  nullable,
  number,
  oneOf,
  orElse,
  record,
  text,
  type Reader,
} from './read.ts';

export const apiError: Reader<ApiError> = withoutAbsent<ApiError>({
  code: text,
  message: text,
  detail: (value, path) => (value === undefined || value === null ? '' : text(value, path)),
  sentence: optionalSentence,
});

const problem: Reader<Problem> = withoutAbsent<Problem>({
  code: text,
  severity: oneOf('error', 'warning'),
  message: text,
  advice: text,
  link: (value, path) => nullable(text)(value, path) ?? undefined,
  node: (value, path) => nullable(text)(value, path) ?? undefined,
  sentences: (value) => {
    const { message, advice } = Object(value) as { message?: unknown; advice?: unknown };
    const read = { message: optionalSentence(message), advice: optionalSentence(advice) };
    return read.message && read.advice && { message: read.message, advice: read.advice };
  },
});

const syncStatus: Reader<SyncStatus> = fields<SyncStatus>({
  driver: text,
  remoteBlocks: number,
  remoteBytes: number,
  pendingBlocks: number,
  pendingBytes: nullable(number),
  lagMs: nullable(number),
  lastSuccessMs: nullable(number),
  lastError: nullable(apiError),
});

export const syncOutcome: Reader<SyncOutcome> = fields<SyncOutcome>({
  node: text,
  isFinished: flag,
  sync: syncStatus,
});

const mode = oneOf('both', 'scraper', 'listener');

/** What a node says about itself and the deployment, whoever asks. */
export const nodeStatus: Reader<Omit<Status, 'can'>> = fields<Omit<Status, 'can'>>({
  pluginVersion: text,
  serverVersion: text,
  mode,
  collector: fields<Status['collector']>({ node: text, sinceMs: number, epoch: number }),
  nodes: list(
    fields<ClusterNode>({
      host: text,
      id: text,
      mode,
      pluginVersion: text,
      serverVersion: orElse(text, ''),
      restartedAtMs: nullable(number),
      seenMs: number,
      isSelf: flag,
    }),
  ),
  state: oneOf('starting', 'collecting', 'degraded', 'stopped'),
  nowMs: number,
  restartedAtMs: nullable(number),
  scrapeIntervalSeconds: number,
  targets: fields<Status['targets']>({ up: number, total: number }),
  newestSampleMs: nullable(number),
  oldestSampleMs: nullable(number),
  store: fields<Status['store']>({
    path: text,
    headSeries: number,
    headSamples: number,
    blocks: number,
    sizeBytes: number,
    freeBytes: nullable(number),
  }),
  sync: syncStatus,
  problems: list(problem),
});

const rights = fields<Status['can']>({
  ...{ read: flag, write: flag },
  manage: orElse(flag, false),
});

export const status: Reader<Status> = (value, path) => {
  const { can } = fields<{ can: Status['can'] }>({ can: rights })(value, path);
  return { ...nodeStatus(value, path), can };
};

export const gap: Reader<Gap> = withoutAbsent<Gap>({
  job: text,
  instance: text,
  fromMs: number,
  toMs: nullable(number),
  reason: text,
  message: text,
  sentence: optionalSentence,
  missedScrapes: number,
});

const target: Reader<Target> = fields<Target>({
  job: text,
  instance: text,
  url: text,
  labels: record(text),
  state: oneOf('unknown', 'up', 'down', 'absent'),
  lastScrapeMs: nullable(number),
  lastDurationMs: nullable(number),
  lastSamples: nullable(number),
  lastDropped: nullable(number),
  rejected: fields<Target['rejected']>({
    outOfOrder: number,
    tooOld: number,
    tooNew: number,
    duplicates: number,
    duplicateLines: number,
  }),
  recent: list(fields<ScrapeOutcome>({ atMs: number, isUp: flag, durationMs: number })),
  lastError: nullable(apiError),
  gaps: list(gap),
});

export const targetList: Reader<TargetList> = fields<TargetList>({ targets: list(target) });

const range = fields<Dump['requested']>({ fromMs: number, toMs: number });

export const dump: Reader<Dump> = withoutAbsent<Dump>({
  id: text,
  state: oneOf(...dumpStates),
  createdAtMs: number,
  startedAtMs: nullable(number),
  finishedAtMs: nullable(number),
  expiresAtMs: nullable(number),
  createdBy: text,
  node: text,
  requested: range,
  redaction: orElse(oneOf(...dumpRedactions), 'none'),
  stepSeconds: orElse(number, 0),
  filter: nullable(
    fields<DumpFilter>({ nodes: list(text), jobs: list(text), metrics: list(text) }),
  ),
  actual: nullable(range),
  progress: fields<Dump['progress']>({
    percent: number,
    phase: oneOf(...dumpPhases),
  }),
  samples: nullable(number),
  series: nullable(number),
  sizeBytes: nullable(number),
  fileName: text,
  sha256: text,
  warnings: list(text),
  warningSentences: optionalSentences,
  error: nullable(apiError),
});

export const dumpList: Reader<DumpList> = fields<DumpList>({ dumps: list(dump) });

export const dumpEstimate: Reader<DumpEstimate> = fields<DumpEstimate>({
  bytes: number,
  samples: number,
  series: orElse(number, 0),
  seconds: number,
});

export const dumpPreview: Reader<DumpPreview> = fields<DumpPreview>({
  series: number,
  metrics: list(fields<DumpPreview['metrics'][number]>({ name: text, series: number })),
  labels: list(
    fields<DumpPreview['labels'][number]>({ name: text, values: number, examples: list(text) }),
  ),
  hosts: list(text),
  jobs: list(text),
  redacted: fields<DumpPreview['redacted']>({ hosts: flag, labels: list(text) }),
  isCut: flag,
});

export const dumpChoices: Reader<DumpChoices> = fields<DumpChoices>({
  hosts: list(text),
  jobs: list(text),
  isCut: flag,
});

export const cardinality: Reader<Cardinality> = fields<Cardinality>({
  series: number,
  maxSeries: number,
  metrics: list(fields<Cardinality['metrics'][number]>({ name: text, series: number })),
  labels: list(
    fields<Cardinality['labels'][number]>({ name: text, series: number, values: number }),
  ),
  targets: list(
    fields<TargetGrowth>({
      job: text,
      instance: text,
      newSeries: number,
      droppedSamples: nullable(number),
      cutOffs: list(
        fields<SeriesCutOff>({ metric: nullable(text), limit: number, untilMs: number }),
      ),
    }),
  ),
});
