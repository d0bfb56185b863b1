import type { Clock, Rng } from '../../lib/runtime/index.ts';
import { parseLease, type ParsedLease } from './lease-record.ts';
import type { LeaseRelease } from './lease-view.ts';
import { cutOffMs, freeJitterMs, maxCounter, takeoverMs } from './limits.ts';
import { isSameBytes, Sightings } from './sightings.ts';

/** The record as it was read last. Empty bytes: there is none. */
export interface Observation {
  raw: Uint8Array;
  parsed: ParsedLease | undefined;
  /** Since when these bytes are known, and from when on they may be taken over (monotonic). */
  sinceMs: number;
  claimMs: number;
  /** A claim from them was refused: what was read was stale. */
  isRefused: boolean;
}

/** A process that holds or held the lease. */
export interface LeaseProcess {
  id: string;
  boot: string;
  pid: number;
  host: string;
}

/** What a follower has seen of the lease, and when that lets it take over. */
export class LeaseWatch {
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #isOwnDead: (holder: LeaseProcess) => boolean;
  #sightings = new Sightings();
  #seen: Observation | undefined;
  /** When the database said last what stands there (monotonic). */
  #toldMs = Number.NEGATIVE_INFINITY;
  #freed: LeaseRelease | undefined;
  #lastRenewalMs: number | undefined;
  #highestEpoch = 0;

  /** `isOwnDead` tells whether a process was an earlier one of this very node and has ended. */
  constructor(clock: Clock, rng: Rng, isOwnDead: (holder: LeaseProcess) => boolean) {
    this.#clock = clock;
    this.#rng = rng;
    this.#isOwnDead = isOwnDead;
  }

  get seen(): Observation | undefined {
    return this.#seen;
  }

  /** Who gave the lease up, if that is what was seen last; still known after it was taken. */
  get freed(): LeaseRelease | undefined {
    return this.#freed;
  }

  /** Of the held record that was seen last: when it was written; still known after it was taken. */
  get lastRenewalMs(): number | undefined {
    return this.#lastRenewalMs;
  }

  /** What may be taken over now; nothing while it is not known what stands there. */
  get due(): Observation | undefined {
    const nowMs = this.#clock.monotonicMs();
    const seen = this.#isCutOff(nowMs) ? undefined : this.#seen;
    return seen !== undefined && nowMs >= seen.claimMs ? seen : undefined;
  }

  /** Of a record that this node may write: above all that it has seen. */
  get nextEpoch(): number {
    return this.#highestEpoch >= maxCounter ? 1 : this.#highestEpoch + 1;
  }

  /** `raw` was read just now, by a call that began at `startMs` (monotonic). */
  observe(raw: Uint8Array, startMs: number): void {
    if (this.#isCutOff(startMs)) this.#startAnew();
    this.#toldMs = this.#clock.monotonicMs();
    const seen = this.#seen;
    if (seen !== undefined && isSameBytes(seen.raw, raw)) {
      // The earlier process of this node may end while its record is watched.
      if (this.#isOfDead(seen)) this.#seen = { ...seen, claimMs: this.#clock.monotonicMs() };
      return;
    }
    const parsed = raw.length === 0 ? undefined : parseLease(raw);
    this.#freed = releaseOf(parsed);
    if (parsed?.kind === 'known' && parsed.record.state === 'held') {
      this.#lastRenewalMs = parsed.record.untilMs;
    }
    const { sinceMs, isRefused } = this.#sightings.note(raw, this.#clock.monotonicMs());
    const observation = { raw, parsed, sinceMs, isRefused, claimMs: sinceMs + takeoverMs };
    this.#seen = { ...observation, claimMs: this.#claimMs(observation) };
    this.#highestEpoch = Math.max(this.#highestEpoch, epochOf(parsed));
  }

  /** Taking over from `raw` was refused: it had been replaced already. */
  refuse(observation: Observation): void {
    const nowMs = this.#clock.monotonicMs();
    this.#sightings.refuse(observation.raw, nowMs);
    this.#toldMs = nowMs;
    this.#seen = {
      ...{ ...observation, sinceMs: nowMs, isRefused: true },
      claimMs: nowMs + takeoverMs,
    };
  }

  /** This process holds the lease: there is nothing to watch. */
  forget(ownEpoch: number): void {
    this.#seen = undefined;
    this.#highestEpoch = ownEpoch;
  }

  /** While the database answers nobody the holder cannot renew: its record stands still for no fault of its own. */
  #isCutOff(nowMs: number): boolean {
    return nowMs - this.#toldMs >= cutOffMs;
  }

  /** What stood still while the database did not answer is watched as if it were new. */
  #startAnew(): void {
    this.#sightings = new Sightings();
    this.#seen = undefined;
  }

  #claimMs(observation: Observation): number {
    const { parsed, isRefused } = observation;
    const isFree = parsed?.kind === 'known' && parsed.record.state === 'free';
    if (!isRefused && (parsed === undefined || isFree)) {
      const chance = (this.#rng.bytes(1)[0] ?? 0) / 256;
      return this.#clock.monotonicMs() + chance * freeJitterMs;
    }
    return this.#isOfDead(observation) ? this.#clock.monotonicMs() : observation.claimMs;
  }

  #isOfDead({ parsed, isRefused }: Observation): boolean {
    return !isRefused && parsed?.kind === 'known' && this.#isOwnDead(parsed.record);
  }
}

function releaseOf(parsed: ParsedLease | undefined): LeaseRelease | undefined {
  if (parsed?.kind !== 'known' || parsed.record.state !== 'free') return undefined;
  const { id, host, untilMs } = parsed.record;
  return untilMs === undefined ? undefined : { id, host, untilMs };
}

/** The epoch that a record claims, 0 without one. */
export function epochOf(parsed: ParsedLease | undefined): number {
  if (parsed === undefined) return 0;
  return parsed.kind === 'known' ? parsed.record.epoch : parsed.epoch;
}
