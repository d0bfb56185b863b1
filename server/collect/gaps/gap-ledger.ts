import type { Gap, Problem } from '../../../api/index.ts';
import { errorText, type Clock } from '../../../lib/runtime/index.ts';
import {
  ledgerNoteMs,
  ledgerRetryMs,
  ledgerSlackBytes,
  maxGapAgeMs,
  maxGoneTargets,
  maxLedgerBytes,
} from '../limits.ts';
import { compactGaps } from './gap-compaction.ts';
import type { LedgerFile } from './gap-file.ts';
import {
  deletedReason,
  joinedRanges,
  lostReason,
  stoppedReason,
  type GapReason,
  type LostRange,
  noted,
  notSaved,
  type NotedReason,
} from './gap-reasons.ts';
import {
  aliveLine,
  gapLine,
  headerLine,
  parseLedger,
  shortMessage,
  type AliveNote,
  type GapRecord,
  keyOf,
  nameOf,
  toldGap,
} from './gap-record.ts';

export interface LedgerOptions {
  file: LedgerFile;
  clock: Clock;
  /** Size of the file; tests lower it. */
  maxBytes?: number;
  /** How far below that size the file is compacted; tests lower it. */
  slackBytes?: number;
}

/** What a target's name in the ledger is made of. */
export interface LedgerTarget {
  readonly job: string;
  readonly instance: string;
}

/**
 * Remembers every stretch of time without data, per target and with its reason, also across
 * restarts. The file is written behind the scenes; as long as that fails (a full disk), everything
 * is kept in memory and written later. Memory and file are bounded.
 */
export class GapLedger {
  readonly #file: LedgerFile;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #slackBytes: number;
  #gaps: GapRecord[];
  /** Gaps that last, by target. */
  readonly #open = new Map<string, GapRecord>();
  #nextId: number;
  /** When the run before scraped last, for targets that this run has not scraped yet. */
  readonly #before = new Map<string, { target: LedgerTarget; atMs: number }>();
  /** Why the targets in {@link #before} have a gap, if another node collected before. */
  #handover: GapReason | undefined;
  #alive: AliveNote = { atMs: -Infinity, targets: [] };
  readonly #targets = new Map<string, LedgerTarget>();
  #notedMs = -Infinity;
  #pending = '';
  #fileBytes = 0;
  #mustRewrite: boolean;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  /** Not before this monotonic time is a failed write tried again. */
  #retryMs = -Infinity;
  #isClosing = false;
  #writeError: string | undefined;

  /** Reads the ledger of earlier runs. Rejects when there is a file and it cannot be read. */
  static async open(options: LedgerOptions): Promise<GapLedger> {
    return new GapLedger(options, await options.file.read());
  }

  private constructor(options: LedgerOptions, text: string) {
    this.#file = options.file;
    this.#clock = options.clock;
    this.#maxBytes = options.maxBytes ?? maxLedgerBytes;
    this.#slackBytes = options.slackBytes ?? ledgerSlackBytes;
    const { gaps, alive, badLines } = parseLedger(text);
    this.#gaps = gaps;
    this.#nextId = (gaps.at(-1)?.id ?? 0) + 1;
    this.#fileBytes = Buffer.byteLength(text);
    this.#mustRewrite = text === '' || badLines > 0 || !text.endsWith('\n');
    if (alive === undefined) {
      for (const gap of gaps) gap.toMs ??= gap.fromMs;
      return;
    }
    for (const gap of gaps) gap.toMs ??= Math.max(gap.fromMs, alive.atMs);
    for (const [job, instance] of alive.targets) {
      const target = { job, instance };
      this.#before.set(keyOf(target), { target, atMs: alive.atMs });
    }
  }

  /**
   * Says that the store has data of the run before up to `atMs`. Its last note may be older, and where
   * it is newer, what had been stored since then is gone.
   */
  noteEarlierData(atMs: number): void {
    for (const before of this.#before.values()) {
      const { target, atMs: notedMs } = before;
      if (this.#handover !== undefined) before.atMs = Math.max(notedMs, atMs);
      else if (this.#hasGap(target, atMs, notedMs)) continue;
      // A little that is gone, as after a power cut, is part of the time without a collector.
      else if (notedMs - atMs <= ledgerNoteMs) before.atMs = atMs;
      else this.#add(target, atMs, notedMs, noted(lostReason), 0);
    }
    this.#flush();
  }

  /**
   * This node collects from now on, after another one of which data up to `fromMs` is known: the time
   * from there to the first scrape of each of `targets` is noted, however short.
   */
  takeOver(targets: readonly LedgerTarget[], fromMs: number, reason: GapReason): void {
    this.#before.clear();
    for (const target of targets) this.#before.set(keyOf(target), { target, atMs: fromMs });
    this.#handover = reason;
  }

  /** Another node collects from now on: whatever gap lasts is its to go on with. */
  handOver(atMs: number): void {
    for (const gap of [...this.#open.values()]) this.#close(gap, atMs);
    this.#before.clear();
    this.#targets.clear();
    this.#handover = undefined;
    // A later run must not take the time that the other node collects for one without data.
    this.#noteAlive();
    this.#flush();
  }

  /**
   * Takes over what the collecting node of the cluster has noted by `atMs`, so that it is known here
   * when that node is gone. What lasts there is noted up to now; the next call may say more of it.
   */
  adopt(gaps: readonly Gap[], atMs: number): void {
    const known = new Map(this.#gaps.map((gap) => [nameOf(gap), gap]));
    for (const gap of gaps) {
      const toMs = gap.toMs ?? Math.max(gap.fromMs, atMs);
      const { missedScrapes: missed, reason: code, message, sentence } = gap;
      const before = known.get(nameOf(gap));
      if (before === undefined) {
        this.#add(gap, gap.fromMs, toMs, { code, message, ...(sentence && { sentence }) }, missed);
      } else if (before.toMs !== null && before.toMs < toMs) {
        Object.assign(before, { toMs, missed });
        this.#pending += gapLine(before);
      }
    }
    this.#flush();
  }

  /** A scrape of `target` at `atMs` brought data: whatever gap it had ends. */
  succeeded(target: LedgerTarget, atMs: number, intervalMs: number): void {
    this.#meet(target, atMs, intervalMs);
    const gap = this.#open.get(keyOf(target));
    if (gap !== undefined) this.#close(gap, atMs);
    this.#note(atMs);
  }

  /** A scrape of `target` at `atMs` brought nothing. Misses in a row with one code are one gap. */
  missed(target: LedgerTarget, atMs: number, intervalMs: number, reason: GapReason): void {
    this.#meet(target, atMs, intervalMs);
    const open = this.#open.get(keyOf(target));
    if (open?.reason === reason.code) {
      open.missed++;
      const { message, sentence } = noted(reason);
      Object.assign(open, { message: shortMessage(message), sentence });
    } else {
      if (open !== undefined) this.#close(open, atMs);
      this.#open.set(keyOf(target), this.#add(target, atMs, null, noted(reason), 1));
    }
    this.#note(atMs);
  }

  /** Between two good scrapes of `target` there is a hole that no failed scrape explains. */
  skipped(target: LedgerTarget, fromMs: number, toMs: number, missed: number, reason: GapReason) {
    this.#add(target, fromMs, toMs, noted(reason), missed);
    this.#flush();
  }

  /** Of all targets the samples in these ranges, oldest first, are gone: a full disk has cost them. */
  lost(ranges: readonly LostRange[]): void {
    this.#lose(ranges, deletedReason);
  }

  /** As {@link lost}, because the log of the store was damaged; what is known already is not noted again. */
  lostInLog(ranges: readonly LostRange[]): void {
    this.#lose(ranges, lostReason);
  }

  /** `target` is no longer collected; a gap that lasts ends here. */
  forget(target: LedgerTarget, atMs: number): void {
    const key = keyOf(target);
    const gap = this.#open.get(key);
    if (gap !== undefined) this.#close(gap, atMs);
    this.#targets.delete(key);
  }

  /** `target` is gone: from now on it has a gap with this reason, until it is back. */
  gone(target: LedgerTarget, atMs: number, reason: GapReason): void {
    this.forget(target, atMs);
    const gone = [...this.#open.entries()].filter(([, { missed }]) => missed === 0);
    for (const [, gap] of gone.slice(0, Math.max(0, gone.length + 1 - maxGoneTargets))) {
      this.#close(gap, atMs);
    }
    this.#open.set(keyOf(target), this.#add(target, atMs, null, noted(reason), 0));
    this.#flush();
  }

  /** Gaps that touch `[fromMs, toMs)`, in order of beginning. */
  between(fromMs: number, toMs: number): Gap[] {
    return this.#gaps
      .filter((gap) => gap.fromMs < toMs && (gap.toMs === null || gap.toMs > fromMs))
      .sort((a, b) => a.fromMs - b.fromMs || a.id - b.id)
      .map(toldGap);
  }

  /** The newest gaps of one target, newest first. */
  recent(target: LedgerTarget, limit: number): Gap[] {
    const found: Gap[] = [];
    for (let at = this.#gaps.length - 1; at >= 0 && found.length < limit; at--) {
      const gap = this.#gaps[at];
      if (gap?.job === target.job && gap.instance === target.instance) found.push(toldGap(gap));
    }
    return found;
  }

  /** What keeps the ledger from the disk, if anything does. */
  problem(): Problem | undefined {
    if (this.#writeError === undefined) return undefined;
    return notSaved(this.#writeError);
  }

  /** Notes the last scrape and resolves when everything that can be written is. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#targets.size > 0) this.#noteAlive();
    this.#flush();
    await this.#writing;
    // What came up while the last write was under way.
    this.#flush();
    await this.#writing;
  }

  /** Registers `target`; its first scrape of this run shows how long the collector was away. */
  #meet(target: LedgerTarget, atMs: number, intervalMs: number): void {
    const key = keyOf(target);
    if (!this.#targets.has(key)) {
      this.#targets.set(key, { job: target.job, instance: target.instance });
      // The next note carries the new list.
      this.#notedMs = -Infinity;
    }
    const beforeMs = this.#before.get(key)?.atMs;
    if (beforeMs === undefined) return;
    this.#before.delete(key);
    const missed = Math.max(0, Math.floor((atMs - beforeMs) / intervalMs - 0.5));
    const reason = this.#handover ?? stoppedReason;
    if (missed === 0 && this.#handover === undefined) return;
    this.#add(target, Math.min(beforeMs, atMs), atMs, noted(reason), missed);
  }

  #lose(ranges: readonly LostRange[], reason: GapReason): void {
    const before = [...this.#before.values()].map(({ target }) => target);
    const targets = new Map([...before, ...this.#targets.values()].map((one) => [keyOf(one), one]));
    const known = new Set(this.#gaps.map(nameOf));
    for (const { mint, maxt } of joinedRanges(ranges)) {
      for (const target of targets.values()) {
        if (known.has(nameOf({ ...target, fromMs: mint, reason: reason.code }))) continue;
        this.#add(target, mint, maxt, noted(reason), 0);
      }
    }
    this.#flush();
  }

  #hasGap(target: LedgerTarget, fromMs: number, toMs: number): boolean {
    const key = keyOf(target);
    const touches = (gap: GapRecord) => gap.fromMs < toMs && (gap.toMs ?? Infinity) > fromMs;
    return this.#gaps.some((gap) => touches(gap) && keyOf(gap) === key);
  }

  #add(
    target: LedgerTarget,
    fromMs: number,
    toMs: number | null,
    reason: NotedReason,
    missed: number,
  ): GapRecord {
    const gap: GapRecord = {
      id: this.#nextId++,
      job: target.job,
      instance: target.instance,
      fromMs,
      toMs,
      reason: reason.code,
      message: shortMessage(reason.message),
      ...(reason.sentence && { sentence: reason.sentence }),
      missed,
      merged: 1,
    };
    this.#gaps.push(gap);
    this.#pending += gapLine(gap);
    return gap;
  }

  #close(gap: GapRecord, atMs: number): void {
    // A wall clock that was set back must not end a gap before it began.
    gap.toMs = Math.max(gap.fromMs, atMs);
    this.#open.delete(keyOf(gap));
    this.#pending += gapLine(gap);
  }

  /** Writes what changed, and once in a while how far things have come. */
  #note(atMs: number): void {
    this.#alive = { ...this.#alive, atMs };
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#notedMs >= ledgerNoteMs) {
      this.#notedMs = nowMs;
      // What is gone changes no more until it is back.
      for (const gap of this.#open.values()) if (gap.missed > 0) this.#pending += gapLine(gap);
      this.#noteAlive();
    }
    this.#flush();
  }

  #noteAlive(): void {
    const targets = [...this.#targets.values()];
    this.#alive = {
      atMs: this.#alive.atMs,
      targets: targets.map(({ job, instance }) => [job, instance] as const),
    };
    if (Number.isFinite(this.#alive.atMs)) this.#pending += aliveLine(this.#alive);
  }

  #flush(): void {
    if (this.#isWriting || (this.#pending === '' && !this.#mustRewrite)) return;
    if (this.#clock.monotonicMs() < this.#retryMs && !this.#isClosing) return;
    this.#isWriting = true;
    this.#writing = this.#write();
  }

  /** Writes until nothing is pending; never rejects. */
  async #write(): Promise<void> {
    try {
      while (this.#pending !== '' || this.#mustRewrite) {
        const text = this.#pending;
        const fileBytes = this.#fileBytes + Buffer.byteLength(text);
        if (this.#mustRewrite || fileBytes > this.#maxBytes) {
          await this.#rewrite();
        } else {
          this.#pending = '';
          this.#fileBytes = fileBytes;
          await this.#file.append(text);
        }
      }
      this.#writeError = undefined;
    } catch (error) {
      // What memory holds is the truth; the next write puts all of it in place of the file.
      this.#mustRewrite = true;
      this.#pending = '';
      this.#retryMs = this.#clock.monotonicMs() + ledgerRetryMs;
      this.#writeError = errorText(error);
      this.#compact();
    } finally {
      this.#isWriting = false;
    }
  }

  async #rewrite(): Promise<void> {
    this.#compact();
    this.#pending = '';
    const alive = Number.isFinite(this.#alive.atMs) ? aliveLine(this.#alive) : '';
    const text = headerLine() + this.#gaps.map(gapLine).join('') + alive;
    this.#mustRewrite = false;
    await this.#file.replace(text);
    this.#fileBytes = Buffer.byteLength(text);
  }

  #compact(): void {
    const nowMs = this.#clock.nowMs();
    this.#gaps = compactGaps(this.#gaps, {
      oldestMs: nowMs - maxGapAgeMs,
      nowMs,
      maxBytes: this.#maxBytes - this.#slackBytes,
    });
  }
}
