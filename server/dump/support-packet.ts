import type { DumpEstimate } from '../../api/index.ts';
import { asError, assert, sleep, type Logger, type Rng } from '../../lib/runtime/index.ts';
import { buildArchive, type BuildParts } from './build.ts';
import { wholeContent, type DumpContent } from './content.ts';
import { DumpCoverage } from './coverage.ts';
import { DumpError, toDumpError } from './errors.ts';
import { newJobId } from './job-id.ts';
import * as limits from './limits.ts';
import type { PacketArchive, PacketDump } from './packet-dump.ts';
import { PacketPlan, type PacketLimit } from './packet-plan.ts';
import { rangeEmpty } from './refusals.ts';
import type { TimeRange } from './selection.ts';

/** What {@link SupportPacket} stands on. */
export interface SupportPacketOptions extends BuildParts {
  logger: Logger;
  rng: Rng;
  /** Length of the range that the settings ask for. */
  rangeMs: () => number;
  /** Free space of the disk of the data directory; null when it cannot be told. */
  freeBytes: () => Promise<number | null>;
  /** What a dump would be, from a look at what it would be made of; may reject. */
  estimate: (range: TimeRange, content: DumpContent) => Promise<DumpEstimate>;
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
    this.#making ??= this.#make(asked).finally(() => {
      this.#making = undefined;
    });
    const patience = new AbortController();
    const overrun = sleep(clock, this.#budgetMs + limits.packetGraceMs, patience.signal);
    const dump = await Promise.race([
      this.#making,
      overrun.then(() => this.#nothing(asked, startedMs, tooLong(this.#budgetMs))),
    ]);
    patience.abort();
    return dump;
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
      logger.warn('No metrics for the support packet', { code, detail });
      return { ...this.#nothing(asked, startedMs, failure), reductions: plan.notes() };
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
        const met = limitMet(error);
        if (met === undefined || this.#stopped.signal.aborted || !plan.reduce(met)) throw error;
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
    if (freeBytes !== null && this.#coverage.neededBytes(range, 'none') > freeBytes) return 'room';
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
      return await this.#options.estimate(range, { ...wholeContent, stepSeconds });
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
        take: async (bytes) => {
          for await (const chunk of bytes) memory.add(chunk);
        },
        signal: AbortSignal.any([this.#stopped.signal, late.signal]),
        onProgress: () => undefined,
      });
      const { actual, samples, series, warnings } = built;
      return { body: memory.bytes, requested, actual, stepSeconds, samples, series, warnings };
    } catch (error) {
      throw late.signal.aborted ? new TimeUp({ cause: error }) : error;
    } finally {
      timer.cancel();
    }
  }
}

/**
 * An archive in memory, without a copy of it: the system gives room to what is written alone, so that
 * the largest one that is allowed can be asked for at once.
 */
class ArchiveMemory {
  readonly #room: Uint8Array;
  #length = 0;

  constructor(maxBytes: number) {
    this.#room = new Uint8Array(maxBytes);
  }

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  add(chunk: Uint8Array): void {
    // Who makes the archive ends it at this size.
    assert(this.#length + chunk.length <= this.#room.length, 'the archive keeps its limit');
    this.#room.set(chunk, this.#length);
    this.#length += chunk.length;
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

/** What an attempt failed for, where less might succeed. */
function limitMet(error: unknown): PacketLimit | undefined {
  if (isTimeUp(error)) return 'time';
  return toDumpError(error).code === 'DUMP_TOO_LARGE' ? 'bytes' : undefined;
}

function tooLong(budgetMs: number): DumpError {
  const message = `Building the dump took longer than ${String(budgetMs / 1000)} s: make one in System Console instead.`;
  return new DumpError('DUMP_TOO_SLOW', message);
}

function noRoom(): DumpError {
  const message =
    'The disk of the data directory has no room to build even a short dump: make room there.';
  return new DumpError('DUMP_NO_SPACE', message);
}
