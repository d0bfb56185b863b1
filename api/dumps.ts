import type { ApiError } from './errors.ts';
import type { Sentence } from './sentence.ts';

export const dumpStates = ['queued', 'running', 'ready', 'failed', 'cancelled'] as const;
export type DumpState = (typeof dumpStates)[number];

/** What a running job is doing, in this order. */
export const dumpPhases = [
  'waiting',
  'selecting',
  'snapshot',
  'fetching',
  'rewriting',
  'packing',
  'storing',
  'done',
] as const;
export type DumpPhase = (typeof dumpPhases)[number];

/** Which series a dump holds: those that fit one entry of each list that is not empty. */
export interface DumpFilter {
  /** Hosts, or instances with their port, in any case. */
  nodes: string[];
  jobs: string[];
  /** Names of metrics; a star stands for any characters. */
  metrics: string[];
}

/** What of a dump is replaced by aliases: nothing, or names of hosts, addresses and ids. */
export const dumpRedactions = ['none', 'hosts-and-ids'] as const;
export type DumpRedaction = (typeof dumpRedactions)[number];

/** Body of `POST /api/v1/dumps`: the half-open range `[from, to)` in milliseconds. */
export interface DumpRequest extends Partial<DumpFilter> {
  from: number;
  to: number;
  redaction?: DumpRedaction;
  /** Keeps one sample per series and step of so many whole seconds; 0 or absent keeps all. */
  stepSeconds?: number;
}

/** A dump: the job that builds it and, when it is ready, the archive. */
export interface Dump {
  /** 26 characters, a-z and 0-9. */
  id: string;
  state: DumpState;
  createdAtMs: number;
  startedAtMs: number | null;
  finishedAtMs: number | null;
  /** When it is deleted with its archive; null until it is finished. */
  expiresAtMs: number | null;
  /** User id of who asked for it; empty for the support packet. */
  createdBy: string;
  /** Node that builds it. */
  node: string;
  requested: { fromMs: number; toMs: number };
  /** Null when all series of the range are asked for. */
  filter: DumpFilter | null;
  redaction: DumpRedaction;
  /** One sample per series and step of so many seconds is in it; 0 when every sample is. */
  stepSeconds: number;
  /** Times of the first and last sample inside (closed), once known. */
  actual: { fromMs: number; toMs: number } | null;
  progress: { percent: number; phase: DumpPhase };
  samples: number | null;
  series: number | null;
  sizeBytes: number | null;
  /** Name the browser saves it under; empty until ready. */
  fileName: string;
  /** Lower-case hex of the archive; empty until ready. */
  sha256: string;
  warnings: string[];
  /** The warnings for other languages, one each; absent in what an older version wrote. */
  warningSentences?: Sentence[];
  error: ApiError | null;
}

/** Answer of `GET /api/v1/dumps`, newest first. */
export interface DumpList {
  dumps: Dump[];
}

/** Answer of `GET /api/v1/dumps/estimate?from&to&nodes&jobs&metrics&redaction&stepSeconds`. */
export interface DumpEstimate {
  bytes: number;
  samples: number;
  series: number;
  seconds: number;
}

/** Answer of `POST /api/v1/dumps/preview`: what a dump would give away. Nothing is made of it. */
export interface DumpPreview {
  /** Distinct series that the dump would hold. */
  series: number;
  /** Those with the most series first. */
  metrics: { name: string; series: number }[];
  /** Names of labels, those with the most values first, with some of their values as they are now. */
  labels: { name: string; values: number; examples: string[] }[];
  /** Names and addresses of hosts that occur in the labels of series, without ports. */
  hosts: string[];
  jobs: string[];
  /** What the redaction that is asked for would replace: hosts, and the values of these labels. */
  redacted: { hosts: boolean; labels: string[] };
  /** Whether one of the lists was cut at its maximum. */
  isCut: boolean;
}

/** Answer of `GET /api/v1/dumps/choices`: what of a range a dump can be limited to. */
export interface DumpChoices {
  /** Hosts that there are data of in the range or near its ends, gone ones too; without ports, sorted. */
  hosts: string[];
  jobs: string[];
  /** Whether there may be more: not all blocks were looked at yet, or a list was cut at its maximum. */
  isCut: boolean;
}

/** Steps that a dump can be thinned to, in seconds. */
export const minStepSeconds = 5;
export const maxStepSeconds = 3600;

/** Answer of `GET /api/v1/dumps/{id}/aliases`: what stood where an alias stands now. */
export interface DumpAliases {
  /** Original by alias. */
  aliases: Record<string, string>;
}

/** Where a dump's archive can be downloaded, below the API's base. */
export function dumpArchivePath(id: string): string {
  return `dumps/${id}/archive`;
}
