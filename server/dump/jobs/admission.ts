import { inEnglish, say } from '../../../api/index.ts';
import { errorText, type Clock, type Logger } from '../../../lib/runtime/index.ts';
import type { BlockCatalog } from '../../share/index.ts';
import type { DumpCoverage, TimeRange } from '../selection/index.ts';
import { DumpError } from '../errors.ts';
import { lookAgeMs, minLookAgeMs, unsharedMs } from '../limits.ts';
import type { DumpFacts, HeadSource, LocalStorePort } from '../ports.ts';
import { checkRoom, rangeEmpty } from '../refusals.ts';

/** What {@link Admission} stands on. */
export interface AdmissionOptions {
  clock: Clock;
  logger: Logger;
  catalog: BlockCatalog;
  heads?: HeadSource;
  local: () => LocalStorePort | undefined;
  facts: Pick<DumpFacts, 'scrapeIntervalMs'>;
  freeBytes: () => Promise<number | null>;
}

/** Part of a range that may be missing at its end, or have come since the file store was looked at. */
const missingShare = 0.1;

/** Largest time that a date can have. */
const maxDateMs = 8.64e15;

/** Judges whether a dump of a range makes sense and fits, before a job is made of it. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #coverage: DumpCoverage;
  /** When the file store was last looked at, whatever came of it. */
  #lookedMs = -Infinity;

  constructor(options: AdmissionOptions, coverage: DumpCoverage) {
    this.#options = options;
    this.#coverage = coverage;
  }

  /** Throws a {@link DumpError} that says what to do. */
  async check(range: TimeRange): Promise<void> {
    this.#checkRange(range);
    // What is already known may be enough; asking the file store is the exception.
    if (!this.#coverage.covers(range)) await this.#lookAtStore();
    if (!this.#coverage.covers(range)) await this.#askForHead();
    if (!this.#coverage.covers(range)) throw rangeEmpty(range, this.#coverage.available());
    await this.#checkRoom(range);
  }

  /**
   * Sees to it that what is known of the range is not old. Throws as {@link check} does when the range
   * makes no sense; it may hold nothing.
   */
  async lookAt(range: TimeRange): Promise<void> {
    this.#checkRange(range);
    const { catalog, clock } = this.#options;
    const ageMs = missingShare * (range.toMs - range.fromMs);
    const lookedAgoMs = clock.monotonicMs() - this.#lookedMs;
    const isOld = lookedAgoMs >= Math.min(lookAgeMs, Math.max(minLookAgeMs, ageMs));
    if (!catalog.isLoaded || isOld) await this.#lookAtStore();
    const isRecent = range.toMs > clock.nowMs() - unsharedMs;
    if (isOld && isRecent && this.#lacksEnd(range)) await this.#askForHead();
  }

  /** Whether nothing is known of the range, or so little of its end that a dump would hold much more. */
  #lacksEnd(range: TimeRange): boolean {
    if (!this.#coverage.covers(range)) return true;
    const { clock, facts } = this.#options;
    const untilMs = Math.min(range.toMs, clock.nowMs());
    const missingMs = untilMs - (this.#coverage.available()?.toMs ?? untilMs);
    // The last scrape is up to an interval old, and takes its time.
    const usualMs = 1.25 * facts.scrapeIntervalMs();
    return missingMs > Math.max(usualMs, missingShare * (untilMs - range.fromMs));
  }

  #checkRange({ fromMs, toMs }: TimeRange): void {
    const isTime = (ms: number) => Number.isSafeInteger(ms) && ms >= 0 && ms <= maxDateMs;
    if (!isTime(fromMs) || !isTime(toMs)) {
      throw new DumpError('DUMP_RANGE_INVALID', say('dump.range-invalid'));
    }
    if (fromMs >= toMs) {
      throw new DumpError('DUMP_RANGE_REVERSED', say('dump.range-reversed'));
    }
    if (fromMs > this.#options.clock.nowMs()) {
      throw new DumpError('DUMP_RANGE_FUTURE', say('dump.range-future'));
    }
  }

  async #checkRoom(range: TimeRange): Promise<void> {
    const freeBytes = await this.#options.freeBytes();
    const neededBytes = this.#coverage.neededBytes(range);
    checkRoom(neededBytes, freeBytes);
  }

  /** What was just collected by another node may be nowhere but in its memory. */
  async #askForHead(): Promise<void> {
    const { heads } = this.#options;
    if (heads === undefined) return;
    const silence = await heads.flush();
    // The refusal that follows says what is available; why more is not, is for the log.
    if (silence !== undefined) this.#options.logger.info(inEnglish(silence));
    await this.#lookAtStore();
  }

  async #lookAtStore(): Promise<void> {
    this.#lookedMs = this.#options.clock.monotonicMs();
    try {
      await this.#options.heads?.refresh();
      await this.#options.catalog.refresh();
    } catch (error) {
      // The job will say so in its warnings; what is on this node can be dumped all the same.
      const reason = errorText(error);
      this.#options.logger.warn('The file store could not be listed', {
        code: 'DUMP_STORE_NOT_LISTED',
        reason,
      });
    }
  }
}
