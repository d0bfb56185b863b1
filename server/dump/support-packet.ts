import { readFile } from 'node:fs/promises';
import type { Logger, Rng } from '../../lib/runtime/index.ts';
import { buildArchive, type BuildParts } from './build.ts';
import { DumpCoverage } from './coverage.ts';
import { toDumpError } from './errors.ts';
import { newJobId } from './job-id.ts';
import { maxPacketBytes, minPacketRangeMs, packetBudgetMs } from './limits.ts';
import { rangeEmpty } from './refusals.ts';
import type { TimeRange } from './selection.ts';

/** A file of a support packet; the server adds it under this name as it is. */
export interface SupportFile {
  name: string;
  body: Uint8Array;
}

/** What {@link SupportPacket} stands on. */
export interface SupportPacketOptions extends BuildParts {
  logger: Logger;
  rng: Rng;
  /** Time range that the settings ask for. */
  rangeMs: () => number;
  /** Tests lower them. */
  maxBytes?: number;
  budgetMs?: number;
}

const archiveName = 'mattermost-plugin-metrics/tsdb_dump.tar.gz';
const reasonName = 'mattermost-plugin-metrics/why-no-metrics.txt';

/**
 * The plugin's part of a support packet: a fresh dump of the last days, cut to a shorter range when
 * it would be too large, or a short text that says why there is none. One is built at a time.
 */
export class SupportPacket {
  readonly #options: SupportPacketOptions;
  readonly #coverage: DumpCoverage;
  #building: Promise<SupportFile[]> | undefined;

  constructor(options: SupportPacketOptions) {
    this.#options = options;
    this.#coverage = new DumpCoverage(options);
  }

  /** Never rejects: what goes wrong is in the text. Callers at the same time share one packet. */
  files(): Promise<SupportFile[]> {
    this.#building ??= this.#build().finally(() => {
      this.#building = undefined;
    });
    return this.#building;
  }

  async #build(): Promise<SupportFile[]> {
    const { budgetMs = packetBudgetMs, clock, logger } = this.#options;
    const abort = new AbortController();
    const timer = clock.setTimer(budgetMs, () => {
      abort.abort();
    });
    try {
      return [{ name: archiveName, body: await this.#archive(abort.signal) }];
    } catch (error) {
      const { code, detail, message } = toDumpError(error);
      logger.warn('no metrics for the support packet', { code, detail });
      const reason = abort.signal.aborted
        ? `Building the dump took longer than ${String(budgetMs / 1000)} s.`
        : `${message}\n${code}: ${detail}`;
      return [{ name: reasonName, body: new TextEncoder().encode(text(reason)) }];
    } finally {
      timer.cancel();
    }
  }

  /** Halves the range until the archive fits; the estimate saves attempts that cannot. */
  async #archive(signal: AbortSignal): Promise<Uint8Array> {
    const { clock, maxBytes = maxPacketBytes, rangeMs } = this.#options;
    // One millisecond more: the range is half-open, and the newest sample may be of this moment.
    const toMs = clock.nowMs() + 1;
    for (let spanMs = rangeMs(); ; spanMs = Math.floor(spanMs / 2)) {
      const range = { fromMs: Math.max(0, toMs - spanMs), toMs };
      const isShortest = spanMs / 2 < minPacketRangeMs;
      // Estimates err; only what is far too large is not tried.
      if (!isShortest && this.#coverage.estimate(range).bytes > 2 * maxBytes) continue;
      try {
        return await this.#attempt(range, maxBytes, signal);
      } catch (error) {
        if (toDumpError(error).code !== 'DUMP_TOO_LARGE' || isShortest) throw error;
      }
    }
  }

  async #attempt(range: TimeRange, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    if (this.#options.catalog.isLoaded && !this.#coverage.covers(range)) {
      throw rangeEmpty(range, this.#coverage.available());
    }
    const request = {
      id: `support-${newJobId(this.#options.rng)}`,
      jobId: '',
      requested: range,
      filter: null,
      aliasSecret: null,
      maxArchiveBytes: maxBytes,
      signal,
      onProgress: () => undefined,
    };
    return await buildArchive(this.#options, request, ({ path }) => readFile(path));
  }
}

function text(reason: string): string {
  return [
    'The Metrics plugin could not add metrics to this support packet.',
    '',
    reason,
    '',
    'A dump can be made in System Console: Plugins, Metrics, Download metrics dump.',
    '',
  ].join('\n');
}
