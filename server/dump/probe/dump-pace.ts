import type { Dump } from '../../../api/index.ts';
import type { DumpContent, TimeRange } from '../selection/index.ts';
import { maxPacedDumps } from '../limits.ts';
import type { Rehearsed } from './rehearsal.ts';

/** What a dump comes to, as far as it takes time. */
export interface DumpWork {
  /** What was tried of its blocks; empty when none of them is on this node. */
  rehearsed: readonly Rehearsed[];
  /** What code that runs for the first time takes on top. */
  coldMs: number;
  /** How far the clock goes while CPUs work a millisecond of what was tried. */
  slowdown: number;
  /** Of the archive. */
  bytes: number;
  /** Of the blocks that it is made of, and of those among them that are fetched from the file store. */
  sourceBytes: number;
  fetchedBytes: number;
  /** Starting a worker, and writing what is in the head. */
  startMs: number;
  snapshotMs: number;
}

/** What the file store does, in bytes per millisecond; undefined where nothing was measured yet. */
export interface StoreRates {
  get: number | undefined;
  put: number | undefined;
}

/** What a dump costs on a modest machine, for what could not be tried. */
const modest = {
  /** Of blocks that are read, checked and written anew, packed and read back. */
  msPerSourceByte: 1000 / (8 * 1024 * 1024),
  /** Of bytes of a file store of which nothing is known. */
  bytesPerMs: (100 * 1024 * 1024) / 1000,
} as const;

/** Job records, looking at the file store, small files. */
const baseMs = 200;

/** A dump shorter than this tells of the machine's mood rather than of its pace. */
const shortMs = 3_000;

/** How far the last dumps may move an estimate. */
const maxFactor = 3;

/** An estimate is of a dump when its range begins and ends as far from that one's as this part of it. */
const rangeTolerance = 0.1;

/** What was told of a dump before it was made. */
interface Told {
  form: string;
  content: string;
  range: TimeRange;
  /** Time on the clock, and CPU time in it; 0 where nothing could be tried. */
  ms: number;
  workMs: number;
}

/** How far a dump may teach about what CPU time is not: other programs come and go. */
const maxRestFactor = 1.25;

/** Estimates that are remembered until their dumps come; the console asks for one with each change. */
const maxTold = 16;

/**
 * How long dumps take: what trying some of the work comes to, corrected by what dumps of the same form that
 * this node has made since it started took beside what was told of them.
 */
export class DumpPace {
  readonly #told: Told[] = [];
  /** By form, newest last: how many times as long as was told a dump took. */
  readonly #factors = new Map<string, number[]>();

  /** Seconds that a dump will probably take. */
  seconds(work: DumpWork, range: TimeRange, content: DumpContent, rates: StoreRates): number {
    const workMs = workOf(work);
    const ms = rawMs(work, rates);
    const form = formOf(content);
    const asked = { content: JSON.stringify(contentOf(content)), range: { ...range } };
    this.#told.push({ form, ...asked, ms, workMs });
    if (this.#told.length > maxTold) this.#told.shift();
    const corrected = ms * this.#factor(form);
    return Math.max(0.1, Math.round(corrected / 100) / 10);
  }

  /**
   * Learns from a dump that this node has made, and from the CPU time that it took, where that is known; false
   * when it teaches nothing.
   */
  learn(dump: Dump, workMs = 0): boolean {
    const { finishedAtMs, startedAtMs, state } = dump;
    if (state !== 'ready' || startedAtMs === null || finishedAtMs === null) return false;
    const told = this.#told.findLast((each) => isOf(each, dump));
    const ms = finishedAtMs - startedAtMs;
    if (told === undefined || ms < shortMs || told.ms === 0) return false;
    const factors = this.#factors.get(told.form) ?? [];
    const factor = ms / told.ms;
    const ofWork = workMs > 0 && told.workMs > 0 ? workMs / told.workMs : factor;
    const ofRest = within(factor / ofWork, maxRestFactor);
    factors.push(ofWork * ofRest * lengthShare(told.range, dump.requested));
    this.#factors.set(told.form, factors.slice(-maxPacedDumps));
    return true;
  }

  /** By form, newest last: how many times as long as was told a dump took. */
  get factors(): ReadonlyMap<string, readonly number[]> {
    return this.#factors;
  }

  /** Begins with what an earlier process has learned. */
  restore(factors: ReadonlyMap<string, readonly number[]>): void {
    for (const [form, values] of factors) {
      if (forms.has(form)) this.#factors.set(form, [...values]);
    }
  }

  /** The middle one of the last; few of them are believed half, many wholly. */
  #factor(form: string): number {
    const factors = [...(this.#factors.get(form) ?? [])].sort((a, b) => a - b);
    const middle = factors[factors.length >> 1] ?? 1;
    const belief = factors.length / (factors.length + 1);
    return within(middle ** belief, maxFactor);
  }
}

/** A factor that is not above `most` nor below one part of it. */
function within(factor: number, most: number): number {
  return Math.min(most, Math.max(1 / most, factor));
}

/** CPU time of what was tried. */
function workOf({ coldMs, rehearsed }: DumpWork): number {
  const work = rehearsed.reduce((sum, { checkMs, packMs }) => sum + packMs + checkMs, 0);
  return work === 0 ? 0 : work + coldMs;
}

function rawMs(work: DumpWork, rates: StoreRates): number {
  const { bytes, coldMs, fetchedBytes, rehearsed, slowdown, snapshotMs, sourceBytes, startMs } =
    work;
  const get = rates.get ?? modest.bytesPerMs;
  const put = rates.put ?? Infinity;
  const sum = (of: (kind: Rehearsed) => number) =>
    slowdown * rehearsed.reduce((total, kind) => total + of(kind), 0);
  const triedBytes = rehearsed.reduce((total, { archiveBytes }) => total + archiveBytes, 0);
  const isTried = triedBytes > 0;
  const packMs = isTried ? sum(({ packMs: ms }) => ms) : sourceBytes * modest.msPerSourceByte;
  const checkMs = isTried ? (sum(({ checkMs: ms }) => ms) * bytes) / triedBytes : 0;
  // The archive is stored while it is made, and unpacked while it is read back.
  const storedMs = Math.max(packMs, bytes / put) + Math.max(checkMs, bytes / get);
  return baseMs + startMs + slowdown * coldMs + snapshotMs + fetchedBytes / get + storedMs;
}

/** What dumps can do with their blocks, by a word each: the same words, the same form. */
const forms = new Set(
  ['', 'filtered'].flatMap((filtered) =>
    ['', 'redacted'].flatMap((redacted) =>
      ['', 'thinned'].map((thinned) => formName(filtered, redacted, thinned)),
    ),
  ),
);

function formName(...words: string[]): string {
  return words.filter((word) => word !== '').join(' ') || 'whole';
}

/** Dumps that do the same things with their blocks. */
function formOf({ filter, redaction, stepSeconds }: DumpContent): string {
  return formName(
    filter === null ? '' : 'filtered',
    redaction === 'none' ? '' : 'redacted',
    stepSeconds === 0 ? '' : 'thinned',
  );
}

function contentOf({ filter, redaction, stepSeconds }: DumpContent): DumpContent {
  return { filter, redaction, stepSeconds };
}

function isOf({ content, range }: Told, dump: Dump): boolean {
  if (content !== JSON.stringify(contentOf(dump))) return false;
  const { fromMs, toMs } = dump.requested;
  const off = Math.abs(fromMs - range.fromMs) + Math.abs(toMs - range.toMs);
  return off <= rangeTolerance * (toMs - fromMs);
}

function lengthShare(told: TimeRange, made: TimeRange): number {
  return (told.toMs - told.fromMs) / (made.toMs - made.fromMs);
}
