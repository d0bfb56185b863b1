import {
  dumpPhases,
  dumpRedactions,
  dumpStates,
  inEnglish,
  say,
  type Dump,
  type DumpFilter,
  type KnownSentence,
} from '../../../api/index.ts';
import { optionalSentence, optionalSentences } from '../../../api/read-sentence.ts';
import { isJobId } from '../../share/index.ts';
import type { DumpContent } from '../selection/index.ts';
import { maxRecordBytes, maxWarningChars, maxWarnings } from '../limits.ts';

/** A job as it lies in the key-value store. */
export interface JobRecord {
  dump: Dump;
  /** Which node works on it: its cluster id where there is one. */
  owner: string;
  /** How often it was begun. */
  attempt: number;
  /** Set by a node that does not run it; the one that does gives it up. */
  isCancelRequested: boolean;
  /** Grows with every write, so that other nodes see that the owner lives. */
  revision: number;
}

/** A job that was just asked for. */
export function newRecord(
  id: string,
  facts: {
    range: { fromMs: number; toMs: number };
    content: DumpContent;
    userId: string;
    node: string;
    owner: string;
    nowMs: number;
  },
): JobRecord {
  const { content, node, nowMs, owner, range, userId } = facts;
  const { filter, redaction, stepSeconds } = content;
  const dump: Dump = {
    id,
    state: 'queued',
    createdAtMs: nowMs,
    startedAtMs: null,
    finishedAtMs: null,
    expiresAtMs: null,
    createdBy: userId,
    node,
    requested: { fromMs: range.fromMs, toMs: range.toMs },
    filter,
    redaction,
    stepSeconds,
    actual: null,
    progress: { percent: 0, phase: 'waiting' },
    samples: null,
    series: null,
    sizeBytes: null,
    fileName: '',
    sha256: '',
    warnings: [],
    error: null,
  };
  return { dump, owner, attempt: 0, isCancelRequested: false, revision: 0 };
}

/** Whether a job has come to its end. */
export function isFinished(dump: Dump): boolean {
  return dump.state !== 'queued' && dump.state !== 'running';
}

/** JSON below the limit: texts are cut, never the facts. */
export function encodeRecord(record: JobRecord): Uint8Array {
  const { dump } = record;
  for (let kept = maxWarnings; ; kept = Math.floor(kept / 2)) {
    const error = dump.error && {
      code: dump.error.code,
      message: dump.error.message.slice(0, 500),
      detail: dump.error.detail.slice(0, kept * 50),
      ...(kept > 0 && dump.error.sentence && { sentence: dump.error.sentence }),
    };
    const told = { ...dump, ...cutWarnings(dump, kept), error };
    const bytes = new TextEncoder().encode(JSON.stringify({ ...record, dump: told }));
    if (bytes.length <= maxRecordBytes || kept === 0) return bytes;
  }
}

type Warnings = Pick<Dump, 'warnings' | 'warningSentences'>;

/** Warnings as a dump has them, in English and for other languages. */
export function toldWarnings(sentences: readonly KnownSentence[]): Required<Warnings> {
  return { warnings: sentences.map(inEnglish), warningSentences: [...sentences] };
}

/** At most `limit` warnings of bounded length; the last one counts those left out. */
export function cutWarnings(told: Warnings, limit: number): Warnings {
  const { warnings, warningSentences = [] } = told;
  const texts = warnings.map((text) =>
    text.length > maxWarningChars ? `${text.slice(0, maxWarningChars - 1)}…` : text,
  );
  // Of a node of an older version there are none.
  const isWhole = warningSentences.length === texts.length;
  const cut = { warnings: texts, ...(isWhole && { warningSentences }) };
  return texts.length <= limit ? cut : cutTo(cut, Math.max(0, limit - 1));
}

function cutTo({ warnings, warningSentences }: Warnings, kept: number): Warnings {
  const more = say('note.more', { noteCount: warnings.length - kept });
  return {
    warnings: [...warnings.slice(0, kept), inEnglish(more)],
    ...(warningSentences && { warningSentences: [...warningSentences.slice(0, kept), more] }),
  };
}

/** A record from the store, or undefined when it is none of ours or damaged. */
export function decodeRecord(bytes: Uint8Array, id: string): JobRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  const root = fieldsOf(value);
  const dump = decodeDump(fieldsOf(root['dump']), id);
  if (dump === undefined) return undefined;
  return {
    dump,
    // Records of version 0.8 name the node by its host alone.
    owner: textOr(root['owner']) || dump.node,
    attempt: numberOr(root['attempt'], 1),
    isCancelRequested: root['isCancelRequested'] === true,
    revision: numberOr(root['revision'], 0),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function decodeDump(from: Fields, id: string): Dump | undefined {
  const requested = rangeOr(from['requested'], null);
  const state = wordOf(dumpStates, from['state']);
  if (from['id'] !== id || !isJobId(id) || requested === null) return undefined;
  if (state === undefined) return undefined;
  const progress = fieldsOf(from['progress']);
  return {
    id,
    state,
    createdAtMs: numberOr(from['createdAtMs'], 0),
    startedAtMs: numberOr(from['startedAtMs'], null),
    finishedAtMs: numberOr(from['finishedAtMs'], null),
    // Not a fact but what the settings make of one: told when it is asked for.
    expiresAtMs: null,
    createdBy: textOr(from['createdBy']),
    node: textOr(from['node']),
    requested,
    redaction: wordOf(dumpRedactions, from['redaction']) ?? 'none',
    stepSeconds: numberOr(from['stepSeconds'], 0),
    filter: decodeFilter(from['filter']),
    actual: rangeOr(from['actual'], null),
    progress: {
      percent: numberOr(progress['percent'], 0),
      phase: wordOf(dumpPhases, progress['phase']) ?? 'waiting',
    },
    samples: numberOr(from['samples'], null),
    series: numberOr(from['series'], null),
    sizeBytes: numberOr(from['sizeBytes'], null),
    fileName: textOr(from['fileName']),
    sha256: textOr(from['sha256']),
    ...decodeWarnings(from),
    error: decodeError(from['error']),
  };
}

function decodeFilter(value: unknown): DumpFilter | null {
  if (value === null || value === undefined) return null;
  const { jobs, metrics, nodes } = fieldsOf(value);
  const texts = (list: unknown) => listOf(list).map(textOr);
  return { nodes: texts(nodes), jobs: texts(jobs), metrics: texts(metrics) };
}

function decodeError(value: unknown): Dump['error'] {
  const from = fieldsOf(value);
  if (typeof from['code'] !== 'string') return null;
  const sentence = optionalSentence(from['sentence']);
  return {
    code: from['code'],
    message: textOr(from['message']),
    detail: textOr(from['detail']),
    ...(sentence && { sentence }),
  };
}

/** Versions before wrote English alone. */
function decodeWarnings(from: Fields): Warnings {
  const warnings = listOf(from['warnings']).map(textOr);
  const warningSentences = optionalSentences(from['warningSentences']);
  return { warnings, ...(warningSentences && { warningSentences }) };
}

function fieldsOf(value: unknown): Fields {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Fields) : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOr(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The word of a list that a value is. */
function wordOf<Word extends string>(words: readonly Word[], value: unknown): Word | undefined {
  return words.find((word) => word === value);
}

function numberOr<T>(value: unknown, other: T): number | T {
  return typeof value === 'number' && Number.isFinite(value) ? value : other;
}

function rangeOr<T>(value: unknown, other: T): { fromMs: number; toMs: number } | T {
  const { fromMs, toMs } = fieldsOf(value);
  const isRange = typeof fromMs === 'number' && typeof toMs === 'number';
  return isRange ? { fromMs, toMs } : other;
}
