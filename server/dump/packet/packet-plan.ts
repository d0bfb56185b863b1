import { minPacketRangeMs, packetLateFactor, packetStepsSeconds } from '../limits.ts';

/** Why a dump is not what was asked for: what it would be larger than, longer than, need. */
export type PacketLimit = 'bytes' | 'time' | 'room';

/** The limits themselves, for sentences. */
export interface PacketLimits {
  maxBytes: number;
  budgetMs: number;
}

/**
 * What a support packet tries next. Too many bytes are first thinned out, then shortened; what takes
 * too long or needs too much room is shortened at once, because thinning reads as much.
 */
export class PacketPlan {
  readonly #askedMs: number;
  readonly #steps: readonly number[];
  readonly #limits: PacketLimits;
  #step = 0;
  #spanMs: number;
  /** What made it shorter last. */
  #shortenedBy: PacketLimit | undefined;

  /** `intervalMs` is the time between two samples of a series as a rule. */
  constructor(askedMs: number, intervalMs: number, limits: PacketLimits) {
    this.#askedMs = askedMs;
    this.#spanMs = askedMs;
    this.#limits = limits;
    // A step that leaves most samples where they are costs time and saves nothing.
    const steps = packetStepsSeconds.filter((seconds) => seconds * 1000 >= 2 * intervalMs);
    this.#steps = [0, ...steps];
  }

  /** Length of the range, up to the time of asking. */
  get spanMs(): number {
    return this.#spanMs;
  }

  /** One sample per series and so many seconds; 0 for all. */
  get stepSeconds(): number {
    return this.#steps[this.#step] ?? 0;
  }

  /** Goes on to something smaller; false when there is nothing that is worth it. */
  reduce(limit: PacketLimit): boolean {
    if (limit === 'bytes' && this.#step + 1 < this.#steps.length) {
      this.#step++;
      return true;
    }
    return this.#shorten(limit, 2);
  }

  /** Goes on to something much smaller, after an attempt has taken all the time that it had. */
  reduceLate(): boolean {
    return this.#shorten('time', packetLateFactor);
  }

  #shorten(limit: PacketLimit, factor: number): boolean {
    if (this.#spanMs < 2 * minPacketRangeMs) return false;
    this.#spanMs = Math.max(minPacketRangeMs, Math.floor(this.#spanMs / factor));
    this.#shortenedBy = limit;
    // What is short enough may be small enough as it is.
    if (limit !== 'bytes') this.#step = 0;
    return true;
  }

  /** What was done, in sentences; empty when nothing was. */
  notes(): string[] {
    const { maxBytes, budgetMs } = this.#limits;
    const notes: string[] = [];
    const size = `${String(Math.round(maxBytes / 1024 / 1024))} MiB`;
    if (this.stepSeconds > 0) {
      const step = String(this.stepSeconds);
      notes.push(
        `Thinned out to one sample per series and ${step} s: a support packet takes at most ${size} of metrics.`,
      );
    }
    if (this.#shortenedBy !== undefined) {
      const reasons: Record<PacketLimit, string> = {
        bytes: `a support packet takes at most ${size} of metrics`,
        time: `a support packet waits at most ${String(budgetMs / 1000)} s for them`,
        room: 'the disk of the data directory has no room to build more',
      };
      const [span, asked] = [spanText(this.#spanMs), spanText(this.#askedMs)];
      notes.push(
        `Shortened to the last ${span} instead of ${asked}: ${reasons[this.#shortenedBy]}.`,
      );
    }
    return notes;
  }
}

function spanText(spanMs: number): string {
  const minutes = spanMs / 60_000;
  const hours = minutes / 60;
  return hours >= 1
    ? `${String(Math.round(hours * 10) / 10)} h`
    : `${String(Math.round(minutes))} min`;
}
