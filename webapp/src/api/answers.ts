import type {
  ApiError,
  Dump,
  DumpEstimate,
  DumpList,
  Gap,
  Problem,
  Status,
  Target,
  TargetList,
} from '../../../api/index.ts';
import { fields, flag, list, nullable, number, oneOf, record, text, type Reader } from './read.ts';

export const apiError: Reader<ApiError> = fields<ApiError>({
  code: text,
  message: text,
  detail: (value, path) => (value === undefined || value === null ? '' : text(value, path)),
});

const problem: Reader<Problem> = (value, path) => {
  const { link, ...rest } = fields<Omit<Problem, 'link'> & { link: string | null }>({
    code: text,
    severity: oneOf('error', 'warning'),
    message: text,
    advice: text,
    link: nullable(text),
  })(value, path);
  return link === null ? rest : { ...rest, link };
};

export const status: Reader<Status> = fields<Status>({
  pluginVersion: text,
  serverVersion: text,
  mode: oneOf('both', 'scraper', 'listener'),
  collector: fields<Status['collector']>({ node: text, sinceMs: number, epoch: number }),
  state: oneOf('starting', 'collecting', 'degraded', 'stopped'),
  nowMs: number,
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
  sync: fields<Status['sync']>({
    driver: text,
    remoteBlocks: number,
    remoteBytes: number,
    pendingBlocks: number,
    lastSuccessMs: nullable(number),
    lastError: nullable(apiError),
  }),
  problems: list(problem),
  can: fields<Status['can']>({ read: flag, write: flag }),
});

const gap: Reader<Gap> = fields<Gap>({
  job: text,
  instance: text,
  fromMs: number,
  toMs: nullable(number),
  reason: text,
  message: text,
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
  lastError: nullable(apiError),
  gaps: list(gap),
});

export const targetList: Reader<TargetList> = fields<TargetList>({ targets: list(target) });

const range = fields<Dump['requested']>({ fromMs: number, toMs: number });

export const dump: Reader<Dump> = fields<Dump>({
  id: text,
  state: oneOf('queued', 'running', 'ready', 'failed', 'cancelled'),
  createdAtMs: number,
  startedAtMs: nullable(number),
  finishedAtMs: nullable(number),
  createdBy: text,
  node: text,
  requested: range,
  actual: nullable(range),
  progress: fields<Dump['progress']>({
    percent: number,
    phase: oneOf(
      'waiting',
      'selecting',
      'snapshot',
      'fetching',
      'rewriting',
      'packing',
      'storing',
      'done',
    ),
  }),
  samples: nullable(number),
  series: nullable(number),
  sizeBytes: nullable(number),
  fileName: text,
  sha256: text,
  warnings: list(text),
  error: nullable(apiError),
});

export const dumpList: Reader<DumpList> = fields<DumpList>({ dumps: list(dump) });

export const dumpEstimate: Reader<DumpEstimate> = fields<DumpEstimate>({
  bytes: number,
  samples: number,
  seconds: number,
});
