import { inEnglish, say, type DumpEstimate } from '../../../api/index.ts';
import { asError, endsWithin, type Logger, type Rng } from '../../../lib/runtime/index.ts';
import { ArchiveMemory } from '../archive/index.ts';
import { buildArchive, type BuildParts } from '../building/index.ts';
import { DumpCoverage, wholeContent, type TimeRange } from '../selection/index.ts';
import type { DumpService } from '../dumps.ts';
import { DumpError, toDumpError } from '../errors.ts';
import { utcText } from '../utc-text.ts';
import { newestFinished, type FinishedDumps } from './finished-dump.ts';
import { newJobId } from '../jobs/index.ts';
import * as limits from '../limits.ts';
import type { PacketArchive, PacketDump } from './packet-dump.ts';
import { PacketPlan, type PacketLimit } from './packet-plan.ts';
import { rangeEmpty } from '../refusals.ts';

/** What {@link SupportPacket} stands on. */
export interface SupportPacketOptions extends BuildParts {
  logger: Logger;
  rng: Rng;
  /** Length of the range that the settings ask for. */
  rangeMs: () => number;
  /** Free space of the disk of the data directory; null when it cannot be told. */
  freeBytes: () => Promise<number | null>;
  /** Those that were made before, and what another one would be; may reject. */
  dumps: FinishedDumps & Pick<DumpService, 'estimate'>;
  /** Tests lower them. */
  maxBytes?: number;
  budgetMs?: number;
}

/**
 * The plugin's part of a support packet: a fresh dump of the last days, thinned out and then cut to a
 * shorter range when it would be too large, within a time. One is made at a time.
 */
export class SupportPacket {
  readonly #options: SupportPacketOptions;
  readonly #coverage: DumpCoverage;
  readonly #maxBytes: number;
  readonly #budgetMs: number;
  readonly #stopped = new AbortController();
  #making: Promise<PacketDump> | undefined;

  constructor(options: SupportPacketOptions) {
    this.#options = options;
    this.#coverage = new DumpCoverage(options);
    this.#maxBytes = options.maxBytes ?? limits.maxPacketBytes;
    this.#budgetMs = options.budgetMs ?? limits.packetBudgetMs;
  }

  /** Never rejects, and answers in time: callers at the same time share what is made. */
  async dump(): Promise<PacketDump> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const asked = this.#asked();
    const making = (this.#making ??= this.#make(asked).finally(() => {
      this.#making = undefined;
    }));
    const longestMs = this.#budgetMs + limits.packetGraceMs + limits.packetFetchMs;
    return (await endsWithin(clock, longestMs, making))
      ? await making
      : this.#nothing(asked, startedMs, tooLong(this.#budgetMs));
  }

  /** Breaks off what is being made; resolves when its temporary space is free. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#making;
  }

  #asked(): TimeRange {
    const { clock, rangeMs } = this.#options;
    // One millisecond more: the range is half-open, and the newest sample may be of this moment.
    const toMs = clock.nowMs() + 1;
    return { fromMs: Math.max(0, toMs - rangeMs()), toMs };
  }

  async #make(asked: TimeRange): Promise<PacketDump> {
    const { clock, logger } = this.#options;
    const startedMs = clock.monotonicMs();
    const plan = this.#plan(asked);
    try {
      const archive = await this.#archive(asked, plan, startedMs + this.#budgetMs);
      const reductions = plan.notes();
      return { ...this.#nothing(asked, startedMs), archive, reductions };
    } catch (error) {
      const failure = isTimeUp(error) ? tooLong(this.#budgetMs) : toDumpError(error);
      const { code, detail } = failure;
      logger.warn('No fresh metrics for the support packet', { code, detail });
      const archive = await this.#finished(asked, failure);
      const reductions = archive === undefined ? plan.notes() : [staleNote(archive, failure)];
      return { ...this.#nothing(asked, startedMs, failure), archive, reductions };
    }
  }

  /** The newest dump that was made before; better than nothing, where something cannot be made. */
  async #finished(asked: TimeRange, { code }: DumpError): Promise<PacketArchive | undefined> {
    const { clock, dumps, logger } = this.#options;
    if (this.#stopped.signal.aborted || code === 'DUMP_RANGE_EMPTY') return undefined;
    const late = new AbortController();
    const timer = clock.setTimer(limits.packetFetchMs, () => {
      late.abort();
    });
    const signal = AbortSignal.any([this.#stopped.signal, late.signal]);
    try {
      return await newestFinished(dumps, asked, this.#maxBytes, signal);
    } catch (error) {
      logger.info('No finished dump for the support packet either', { error: asError(error) });
      return undefined;
    } finally {
      timer.cancel();
    }
  }

  #nothing(asked: TimeRange, startedMs: number, failure?: DumpError): PacketDump {
    return {
      asked,
      budgetBytes: this.#maxBytes,
      archive: undefined,
      reductions: [],
      failure: failure?.toApiError(),
      tookMs: this.#options.clock.monotonicMs() - startedMs,
    };
  }

  #plan({ fromMs, toMs }: TimeRange): PacketPlan {
    const intervalMs = this.#options.facts.scrapeIntervalMs();
    const bounds = { maxBytes: this.#maxBytes, budgetMs: this.#budgetMs };
    return new PacketPlan(toMs - fromMs, intervalMs, bounds);
  }

  /** Tries until one fits; the estimate saves attempts that cannot. */
  async #archive(asked: TimeRange, plan: PacketPlan, endMs: number): Promise<PacketArchive> {
    const { clock } = this.#options;
    this.#checkThere(asked);
    const freeBytes = await this.#options.freeBytes();
    for (;;) {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) throw new TimeUp();
      const shareMs = leftMs * limits.packetAttemptShare;
      const range = { fromMs: asked.toMs - plan.spanMs, toMs: asked.toMs };
      const limit = await this.#limitOf(range, plan, shareMs, freeBytes);
      if (limit !== undefined && plan.reduce(limit)) continue;
      if (limit === 'room') throw noRoom();
      try {
        return await this.#attempt(range, plan, shareMs);
      } catch (error) {
        if (this.#stopped.signal.aborted || !isReduced(plan, error)) throw error;
      }
    }
  }

  /** Refuses what cannot have any sample. */
  #checkThere(range: TimeRange): void {
    if (this.#coverage.covers(range) || !this.#options.catalog.isLoaded) return;
    throw rangeEmpty(range, this.#coverage.available());
  }

  /** What a dump of a range would probably be too much for. */
  async #limitOf(
    range: TimeRange,
    { stepSeconds }: PacketPlan,
    shareMs: number,
    freeBytes: number | null,
  ): Promise<PacketLimit | undefined> {
    if (freeBytes !== null && this.#coverage.neededBytes(range) > freeBytes) return 'room';
    const coarse = this.#coverage.estimate(range);
    // Looking closer takes its time, and is worth it only near a limit.
    const isFar = 2 * coarse.bytes < this.#maxBytes && 2000 * coarse.seconds < shareMs;
    if (isFar) return undefined;
    const { bytes, seconds } = await this.#estimate(range, stepSeconds);
    if (seconds * 1000 > shareMs) return 'time';
    // Estimates err; only what is clearly too large is not tried.
    return bytes > limits.packetTryFactor * this.#maxBytes ? 'bytes' : undefined;
  }

  /** What cannot be told is tried. */
  async #estimate(
    range: TimeRange,
    stepSeconds: number,
  ): Promise<Pick<DumpEstimate, 'bytes' | 'seconds'>> {
    try {
      return await this.#options.dumps.estimate(range, { ...wholeContent, stepSeconds });
    } catch (error) {
      this.#options.logger.debug('A dump could not be estimated', { error: asError(error) });
      return { bytes: 0, seconds: 0 };
    }
  }

  async #attempt(requested: TimeRange, plan: PacketPlan, shareMs: number): Promise<PacketArchive> {
    const { clock, rng } = this.#options;
    const { stepSeconds } = plan;
    const notes = plan.notes();
    const late = new AbortController();
    const timer = clock.setTimer(shareMs, () => {
      late.abort();
    });
    const memory = new ArchiveMemory(this.#maxBytes);
    try {
      const built = await buildArchive(this.#options, {
        id: `support-${newJobId(rng)}`,
        jobId: '',
        requested,
        ...{ filter: null, stepSeconds, notes },
        aliasSecret: null,
        maxArchiveBytes: this.#maxBytes,
        take: (bytes) => memory.take(bytes),
        signal: AbortSignal.any([this.#stopped.signal, late.signal]),
        onProgress: () => undefined,
      });
      const { actual, samples, series } = built;
      const warnings = [...notes, ...built.warnings.map(inEnglish)];
      return { body: memory.bytes, requested, actual, stepSeconds, samples, series, warnings };
    } catch (error) {
      throw late.signal.aborted ? new TimeUp({ cause: error }) : error;
    } finally {
      timer.cancel();
    }
  }
}

/** An attempt took longer than it may. */
class TimeUp extends Error {
  override readonly name = 'TimeUp';
  readonly code = 'PACKET_TIME_UP';

  constructor(options?: { cause: unknown }) {
    super('The dump took too long.', options);
  }
}

function isTimeUp(error: unknown): boolean {
  return error instanceof TimeUp;
}

/** Goes on to less where that might succeed. */
function isReduced(plan: PacketPlan, error: unknown): boolean {
  if (isTimeUp(error)) return plan.reduceLate();
  return toDumpError(error).code === 'DUMP_TOO_LARGE' && plan.reduce('bytes');
}

function tooLong(budgetMs: number): DumpError {
  return new DumpError('DUMP_TOO_SLOW', say('dump.too-slow', { limitMs: budgetMs }));
}

function staleNote({ actual }: PacketArchive, { message }: DumpError): string {
  const range = `${utcText(actual.fromMs)} to ${utcText(actual.toMs)}`;
  return `The newest finished dump, of ${range}: a fresh one could not be made. ${message}`;
}

function noRoom(): DumpError {
  return new DumpError('DUMP_NO_SPACE', say('dump.no-space.packet'));
}
