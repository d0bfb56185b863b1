import type { Problem } from '../../api/index.ts';
import { type Clock, type Logger, type Rng, type Timer, sleep } from '../../lib/runtime/index.ts';
import { type CallStart, LeaseCalls, type LeaseKv } from './lease-calls.ts';
import { leaseProblems, type Overlap } from './lease-problems.ts';
import { encodeLease, type StoredLease } from './lease-record.ts';
import { freeRecord, recordsOf } from './lease-release.ts';
import { epochOf, LeaseWatch, type LeaseProcess, type Observation } from './lease-watch.ts';
import type { LeaseHolder, LeaseView } from './lease-view.ts';
import * as limits from './limits.ts';
import { RecordSwap, renewed, type SwapEnd } from './record-swap.ts';

export interface LeaseIdentity {
  /** Cluster id of this node, as cluster events name it. */
  id: string;
  /** Random text of this process. */
  boot: string;
  pid: number;
  host: string;
  /** Version of the plugin. */
  version: string;
}

export interface LeasePorts {
  kv: LeaseKv;
  clock: Clock;
  rng: Rng;
  identity: LeaseIdentity;
  /** Whether a process with this id runs on this machine; unsure means yes. */
  isPidAlive(pid: number): boolean;
  logger: Logger;
}

/** What this process wrote into the store, and the start of the call that says that it stands there. */
interface Held extends CallStart {
  stored: StoredLease;
}

/**
 * The right to collect, which one node of the cluster has at a time. Followers take it over when its
 * record stands still; all moves are compare-and-set. docs/cluster.md has the protocol.
 */
export class Lease {
  readonly #ports: LeasePorts;
  readonly #calls: LeaseCalls;
  readonly #swaps: RecordSwap;
  readonly #watch: LeaseWatch;
  readonly #listeners = new Set<(view: LeaseView) => void>();
  #held: Held | undefined;
  #overlap: Overlap | undefined;
  #fenceTimer: Timer | undefined;
  #nap: AbortController | undefined;
  #isPoked = false;
  #eagerReads = 0;
  #loop: Promise<void> | undefined;
  #isReleased = false;
  #release: Promise<void> | undefined;
  #told = '';

  constructor(ports: LeasePorts) {
    this.#ports = ports;
    this.#calls = new LeaseCalls(ports.kv, ports.clock, () => this.#hurry());
    this.#swaps = new RecordSwap(this.#calls);
    this.#watch = new LeaseWatch(ports.clock, ports.rng, (holder) => this.#isOwnDead(holder));
  }

  /** Begins to watch the lease, and takes it when nobody holds it. Returns at once. */
  start(): void {
    if (this.#isReleased) return;
    this.#loop ??= this.#run();
  }

  view(): LeaseView {
    const held = this.#active();
    return {
      role: held === undefined ? 'following' : 'holding',
      isSure: held !== undefined && this.#isFresh(held),
      epoch: held?.stored.record.epoch ?? epochOf(this.#watch.seen?.parsed),
      holder: this.#holder(),
      freed: this.#watch.freed,
      isDatabaseFailing: this.#calls.isFailing,
    };
  }

  /**
   * When whoever held the lease last, by what was seen here, wrote its record last, by its own wall clock.
   * Undefined when its version does not say it.
   */
  get lastRenewalMs(): number | undefined {
    return this.#watch.lastRenewalMs;
  }

  /** `listener` runs after every change of the view; the answer ends that. */
  onChange(listener: (view: LeaseView) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Whether this node may delete something that all nodes share: it holds the lease and a
   * compare-and-set that began less than 10 s ago said so. To be asked right before each deletion.
   * A wall clock that does not go with the monotonic one means no: a machine that was suspended
   * sees no time pass on the latter.
   */
  mayDelete(): boolean {
    const held = this.#active();
    if (held === undefined || !this.#isFresh(held)) return false;
    const wallAgeMs = this.#ports.clock.nowMs() - held.startWallMs;
    return wallAgeMs < limits.fenceMs && wallAgeMs > -limits.wallStepToleranceMs;
  }

  /** A cluster event says that something moved: reads or confirms at once. */
  poke(): void {
    this.#eagerReads = limits.eagerReads;
    this.#hurry();
  }

  /**
   * Gives the lease up, for good: this object does not try again. Listeners hear of it before the
   * record is written. Ends within 4 s and never throws; a record that could not be freed is taken
   * over like that of a node that crashed.
   */
  release(): Promise<void> {
    this.#release ??= this.#free();
    return this.#release;
  }

  problems(): Problem[] {
    return leaseProblems({
      view: this.view(),
      nowMs: this.#ports.clock.monotonicMs(),
      confirmedMs: this.#held?.startMs,
      seen: this.#watch.seen,
      databaseError: this.#calls.lastError,
      overlap: this.#overlap,
    });
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#ports;
    while (!this.#isReleased) {
      let delayMs = limits.failedRenewalPauseMs;
      try {
        delayMs = this.#held === undefined ? await this.#follow() : await this.#confirm(this.#held);
      } catch (error) {
        logger.error('The lease met a defect and goes on', {
          code: 'CLUSTER_DEFECT',
          error: error as Error,
        });
      }
      this.#tell();
      await this.#rest(clock.monotonicMs() + delayMs);
    }
  }

  /** Waits until `dueMs`, or until a poke, which comes into effect a little after the last call. */
  async #rest(dueMs: number): Promise<void> {
    const { clock } = this.#ports;
    while (!this.#isReleased) {
      const pokedMs = this.#isPoked
        ? this.#calls.lastStartMs + limits.pokeGapMs
        : Number.POSITIVE_INFINITY;
      const waitMs = Math.min(dueMs, pokedMs) - clock.monotonicMs();
      if (waitMs <= 0) break;
      this.#nap = new AbortController();
      await sleep(clock, waitMs, this.#nap.signal);
    }
    this.#isPoked = false;
  }

  #hurry(): void {
    this.#isPoked = true;
    this.#nap?.abort();
  }

  /** The process that held the lease was an earlier one of this very node. */
  #isOwnDead(holder: LeaseProcess): boolean {
    const { identity } = this.#ports;
    const isOurs = holder.id === identity.id && holder.host === identity.host;
    if (!isOurs || holder.boot === identity.boot) return false;
    // Process ids come back: in a container often the same one.
    return holder.pid === identity.pid || !this.#ports.isPidAlive(holder.pid);
  }

  /** One renewal; answers after how long the next one is due. */
  async #confirm(held: Held): Promise<number> {
    const end =
      (await this.#swaps.settle()) ??
      (await this.#swaps.swap(held.stored.raw, renewed(held.stored, this.#wallMs())));
    switch (end.kind) {
      case 'won':
        this.#hold(end);
        return end.startMs + limits.renewalMs - this.#ports.clock.monotonicMs();
      case 'lost':
        this.#lose(held);
        return 0;
      case 'unknown':
        return end.isLate ? 0 : limits.failedRenewalPauseMs;
    }
  }

  /** One read, or a claim that is due; answers after how long the next one is. */
  async #follow(): Promise<number> {
    const { clock } = this.#ports;
    const nextMs = clock.monotonicMs() + this.#pollMs();
    const settled = await this.#swaps.settle();
    if (settled?.kind === 'won') return this.#claimed(settled);
    const canTake = settled?.kind !== 'unknown';
    if (!canTake || this.#mustRead()) {
      const isRead = await this.#read();
      if (!isRead || !canTake) return nextMs - clock.monotonicMs();
    }
    const { due } = this.#watch;
    if (due !== undefined && !this.#isReleased) return this.#take(due, nextMs);
    return Math.min(nextMs, this.#watch.seen?.claimMs ?? nextMs) - clock.monotonicMs();
  }

  async #read(): Promise<boolean> {
    const end = await this.#calls.read();
    if (end.kind !== 'answered') return false;
    this.#watch.observe(end.value ?? new Uint8Array(), end.startMs);
    return true;
  }

  /** A claim from nothing that loses leaves a line in the log of the database: it looks once more. */
  #mustRead(): boolean {
    const { due } = this.#watch;
    return due === undefined || due.raw.length === 0;
  }

  async #take(due: Observation, nextMs: number): Promise<number> {
    const end = await this.#swaps.swap(due.raw, this.#claim());
    switch (end.kind) {
      case 'won':
        return this.#claimed(end);
      case 'lost':
        this.#watch.refuse(due);
        return limits.pokeGapMs;
      case 'unknown':
        return nextMs - this.#ports.clock.monotonicMs();
    }
  }

  #claimed(end: Extract<SwapEnd, { kind: 'won' }>): number {
    this.#hold(end);
    return end.startMs + limits.renewalMs - this.#ports.clock.monotonicMs();
  }

  #claim(): StoredLease {
    const { identity } = this.#ports;
    const sinceMs = this.#wallMs();
    const epoch = this.#watch.nextEpoch;
    const state = 'held';
    return encodeLease({ ...identity, epoch, sequence: 1, state, sinceMs, untilMs: sinceMs });
  }

  /** As records tell times. */
  #wallMs(): number {
    return Math.max(0, Math.floor(this.#ports.clock.nowMs()));
  }

  #pollMs(): number {
    if (this.#eagerReads > 0) {
      this.#eagerReads--;
      return limits.eagerReadMs;
    }
    const chance = (this.#ports.rng.bytes(1)[0] ?? 0) / 256;
    return limits.pollMs + chance * limits.pollJitterMs;
  }

  #hold({ stored, startMs, startWallMs }: Held): void {
    const { clock, logger } = this.#ports;
    const isNew = this.#held === undefined;
    this.#held = { stored, startMs, startWallMs };
    if (this.#isReleased) return;
    if (isNew) logger.info('This node collects from now on', { epoch: stored.record.epoch });
    this.#watch.forget(stored.record.epoch);
    this.#eagerReads = 0;
    this.#fenceTimer?.cancel();
    const leftMs = Math.max(0, startMs + limits.fenceMs - clock.monotonicMs());
    this.#fenceTimer = clock.setTimer(leftMs, () => this.#tell());
  }

  #lose(held: Held): void {
    const { clock, logger } = this.#ports;
    const nowMs = clock.monotonicMs();
    const unsureMs = nowMs - held.startMs;
    this.#held = undefined;
    if (this.#isReleased) return;
    this.#fenceTimer?.cancel();
    this.#overlap = { atMs: nowMs, unsureMs };
    logger.warn('Another node has taken the lease: this node stops collecting', {
      code: 'CLUSTER_LEASE_LOST',
      epoch: held.stored.record.epoch,
      unsureMs: Math.round(unsureMs),
    });
  }

  /** What is held and not being given up. */
  #active(): Held | undefined {
    return this.#isReleased ? undefined : this.#held;
  }

  #isFresh(held: Held): boolean {
    return this.#ports.clock.monotonicMs() - held.startMs < limits.fenceMs;
  }

  #holder(): LeaseHolder | undefined {
    const observed = this.#watch.seen?.parsed;
    const held = this.#active();
    const record =
      held?.stored.record ?? (observed?.kind === 'known' ? observed.record : undefined);
    if (record?.state !== 'held') return undefined;
    // A stale read after the lease was lost.
    if (held === undefined && record.boot === this.#ports.identity.boot) return undefined;
    const { id, host, version, sinceMs, epoch } = record;
    return { id, host, version, sinceMs, epoch };
  }

  /** Tells the listeners when the view is another one than they know. */
  #tell(): void {
    const view = this.view();
    const text = JSON.stringify(view);
    if (text === this.#told) return;
    this.#told = text;
    for (const listener of [...this.#listeners]) {
      try {
        listener(view);
      } catch (error) {
        this.#ports.logger.error('A listener of the lease failed', {
          code: 'CLUSTER_DEFECT',
          error: error as Error,
        });
      }
    }
  }

  async #free(): Promise<void> {
    const { kv, clock, logger, identity } = this.#ports;
    const deadlineMs = clock.monotonicMs() + limits.releaseLimitMs;
    this.#isReleased = true;
    this.#nap?.abort();
    this.#fenceTimer?.cancel();
    this.#tell();
    const patience = clock.setTimer(limits.releaseWaitMs, () => this.#calls.close());
    await this.#loop;
    patience.cancel();
    const raws = this.#swaps.open;
    if (this.#held !== undefined) raws.push(this.#held.stored.raw);
    const ours = recordsOf(raws, identity.boot);
    const calls = new LeaseCalls(kv, clock, () => undefined);
    const outcome = await freeRecord(calls, ours, clock, deadlineMs);
    if (outcome === 'free') logger.info('The lease is free for another node');
    if (outcome === 'failed') {
      logger.warn('The lease could not be freed: another node takes it when it stands still', {
        code: 'CLUSTER_LEASE_NOT_FREED',
      });
    }
    this.#held = undefined;
    this.#tell();
  }
}
