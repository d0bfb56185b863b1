import type { Gap } from '../../../api/index.ts';
import { optionalSentence } from '../../../api/read-sentence.ts';
import { maxGapMessageChars } from '../limits.ts';

/** One gap as the ledger keeps it; drawn in docs/format/gap-ledger.md. */
export interface GapRecord extends Omit<Gap, 'missedScrapes'> {
  /** Grows by one per gap; a later line with the same id replaces an earlier one. */
  id: number;
  missed: number;
  /** How many gaps were made into this one to save space. */
  merged: number;
}

/** What the ledger knew last: when a scrape took place, and of which targets. */
export interface AliveNote {
  atMs: number;
  targets: readonly (readonly [job: string, instance: string])[];
}

export const ledgerVersion = 1;

export function headerLine(): string {
  return `${JSON.stringify({ kind: 'gap-ledger', version: ledgerVersion })}\n`;
}

export function gapLine(gap: GapRecord): string {
  const { id, job, instance, fromMs, toMs, reason, message, sentence, missed, merged } = gap;
  const line = { kind: 'gap', id, job, instance, from: fromMs, to: toMs, reason, message, missed };
  const more = { ...(merged > 1 && { merged }), ...(sentence && { sentence }) };
  return `${JSON.stringify({ ...line, ...more })}\n`;
}

export function aliveLine(note: AliveNote): string {
  return `${JSON.stringify({ kind: 'alive', at: note.atMs, targets: note.targets })}\n`;
}

export interface LedgerContent {
  /** In order of their ids. */
  gaps: GapRecord[];
  alive: AliveNote | undefined;
  /** Lines that were not understood, a torn last one included. */
  badLines: number;
}

/** Reads a ledger file; lines that make no sense are counted and left out. */
export function parseLedger(text: string): LedgerContent {
  const gaps = new Map<number, GapRecord>();
  let alive: AliveNote | undefined;
  let badLines = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const entry = parseLine(line);
    if (entry === undefined) badLines++;
    else if (entry.kind === 'gap') gaps.set(entry.gap.id, entry.gap);
    else if (entry.kind === 'alive') alive = entry.note;
  }
  return { gaps: [...gaps.values()].sort((a, b) => a.id - b.id), alive, badLines };
}

type Entry =
  { kind: 'header' } | { kind: 'gap'; gap: GapRecord } | { kind: 'alive'; note: AliveNote };

function parseLine(line: string): Entry | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const fields = json as Readonly<Record<string, unknown>>;
  switch (fields['kind']) {
    case 'gap-ledger':
      return fields['version'] === ledgerVersion ? { kind: 'header' } : undefined;
    case 'gap':
      return parseGap(fields);
    case 'alive':
      return parseAlive(fields);
    default:
      return undefined;
  }
}

function parseGap(fields: Readonly<Record<string, unknown>>): Entry | undefined {
  const { id, job, instance, from, to, reason, message, missed, merged = 1 } = fields;
  if (!isCount(id) || !isCount(missed) || !isCount(merged) || !isTime(from)) return undefined;
  if (typeof job !== 'string' || typeof instance !== 'string') return undefined;
  if (typeof reason !== 'string' || typeof message !== 'string') return undefined;
  if (to !== null && !isTime(to)) return undefined;
  const gap = { id, job, instance, fromMs: from, toMs: to, reason, missed, merged };
  const sentence = optionalSentence(fields['sentence']);
  const told = { message: shortMessage(message), ...(sentence && { sentence }) };
  return { kind: 'gap', gap: { ...gap, ...told } };
}

function parseAlive(fields: Readonly<Record<string, unknown>>): Entry | undefined {
  const { at, targets } = fields;
  if (!isTime(at) || !Array.isArray(targets)) return undefined;
  const pairs: [string, string][] = [];
  for (const pair of targets as unknown[]) {
    if (!Array.isArray(pair)) return undefined;
    const [job, instance] = pair as unknown[];
    if (typeof job !== 'string' || typeof instance !== 'string') return undefined;
    pairs.push([job, instance]);
  }
  return { kind: 'alive', note: { atMs: at, targets: pairs } };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

export function shortMessage(message: string): string {
  return message.length > maxGapMessageChars ? `${message.slice(0, maxGapMessageChars)}…` : message;
}

/** A gap as others are told of it. */
export function toldGap(gap: GapRecord): Gap {
  const { job, instance, fromMs, toMs, reason, message, sentence, missed, merged } = gap;
  const told = { message, ...(sentence && { sentence }) };
  const shown = merged > 1 ? ofMany(told, merged) : told;
  return { job, instance, fromMs, toMs, reason, ...shown, missedScrapes: missed };
}

type Told = Pick<Gap, 'message' | 'sentence'>;

/** The sentence within may be of another version; it is passed on as it is. */
function ofMany({ message, sentence }: Told, gapCount: number): Told {
  const told = { message: `${message} (${String(gapCount)} gaps in this time)` };
  if (sentence === undefined) return told;
  return { ...told, sentence: { id: 'gap.merged', values: { reason: sentence, gapCount } } };
}

/** What tells gaps of different nodes apart: each node counts its own. */
export function nameOf(gap: Pick<Gap, 'job' | 'instance' | 'fromMs' | 'reason'>): string {
  const { job, instance, fromMs, reason } = gap;
  return `${String(fromMs)} ${reason} ${job} ${instance}`;
}

export function keyOf(target: { job: string; instance: string }): string {
  return `${target.job} ${target.instance}`;
}
