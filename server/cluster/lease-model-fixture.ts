import { seededRng, silentLogger } from '../../lib/runtime/index.ts';
import { FakeKvDatabase } from './cluster-fixture.ts';
import { GoMutex } from './go-mutex-fixture.ts';
import type { LeaseKv } from './lease-calls.ts';
import { Lease } from './lease.ts';
import { Chance, Machine, Process, Timeline, type Weather } from './model-world-fixture.ts';

/** What the model looks at in whatever decides who collects. */
interface Contender {
  start(): void;
  isHolding(): boolean;
  mayDelete(): boolean;
  poke(): void;
  release(): Promise<void>;
}

interface Life {
  process: Process;
  contender: Contender;
}

export interface ModelOptions {
  /** `mutex`: what the Go plugin did instead. */
  kind?: 'lease' | 'mutex';
  nodes?: number;
  /** Fastest and slowest monotonic clock. */
  rates?: readonly [number, number];
  /** Furthest that wall clocks are apart. */
  skewMs?: number;
  lagMs?: number;
  /** Nodes of another version of the record, by chance. */
  isMixed?: boolean;
}

export interface Violation {
  atMs: number;
  what: string;
}

/** Confirmed less than this long ago, at most one node may hold. */
const fenceMs = 10_000;

/** With a database in reach, clocks that are right and no lag, somebody holds within this. */
export const gapLimitMs = 18_000;

/**
 * Nodes that contend for the lease in virtual time. Real code decides; clocks, database, network and
 * processes are the model's. It looks at the whole world after everything that happens.
 */
export class LeaseModel {
  readonly timeline = new Timeline();
  readonly chance: Chance;
  readonly database: FakeKvDatabase;
  readonly machines: Machine[] = [];
  readonly violations: Violation[] = [];
  /** How long nobody held after a holder was killed or let go, in a world that was calm otherwise. */
  readonly gapsMs: number[] = [];
  readonly #kind: 'lease' | 'mutex';
  readonly #isMixed: boolean;
  readonly #boundMs: number;
  readonly #lives = new Map<Machine, Life>();
  #boots = 0;
  #troubles = 0;
  #troubledMs = 0;
  #nobodySinceMs = 0;
  #highestEpoch = 0;
  #lastTerm = '';
  #lastRaw: Uint8Array | undefined;

  constructor(seed: number, options: ModelOptions = {}) {
    const { nodes = 3, rates = [1, 1], skewMs = 0, lagMs = 0 } = options;
    this.chance = new Chance(seed);
    this.#kind = options.kind ?? 'lease';
    this.#isMixed = options.isMixed ?? false;
    const { timeline, chance } = this;
    const clock = { nowMs: () => timeline.nowMs, monotonicMs: () => timeline.nowMs };
    this.database = new FakeKvDatabase(clock);
    for (let at = 0; at < nodes; at++) {
      const machine = new Machine(`n${at}`, timeline, this.database, chance);
      machine.rate = chance.between(rates[0], rates[1]);
      machine.skewMs = chance.between(-skewMs, skewMs);
      machine.climate.lagMs = chance.between(0, lagMs);
      machine.onTrouble = () => this.trouble();
      this.machines.push(machine);
    }
    this.#boundMs = gapLimitMs / rates[0] + lagMs;
  }

  async run(untilMs: number): Promise<void> {
    // Also when nothing happens, so that a gap is seen when it becomes too long.
    for (let ms = 0; ms < untilMs; ms += 500) this.timeline.at(ms, () => undefined);
    await this.timeline.run(untilMs, () => this.#look());
  }

  /** The world is not calm: whoever looks for gaps has to begin anew. */
  trouble(): void {
    this.#troubledMs = this.timeline.nowMs;
  }

  /** `begin` now, `end` after a while; not calm in between. */
  during(durationMs: number, begin: () => unknown, end: () => unknown): void {
    this.#troubles++;
    this.trouble();
    begin();
    this.timeline.after(durationMs, () => {
      end();
      this.#troubles--;
      this.trouble();
    });
  }

  start(machine: Machine): void {
    if (this.#lives.has(machine)) return;
    const process = new Process(machine);
    const contender = this.#contender(process);
    this.#lives.set(machine, { process, contender });
    contender.start();
  }

  isRunning(machine: Machine): boolean {
    return this.#lives.get(machine)?.process.state === 'running';
  }

  /** The machine whose process holds and runs. */
  holder(): Machine | undefined {
    return this.machines.find((machine) => {
      const life = this.#lives.get(machine);
      return life?.process.state === 'running' && life.contender.isHolding();
    });
  }

  kill(machine: Machine): void {
    this.trouble();
    this.#lives.get(machine)?.process.kill();
    this.#lives.delete(machine);
  }

  stop(machine: Machine, durationMs: number, how: 'stop' | 'freeze'): void {
    const process = this.#lives.get(machine)?.process;
    if (process?.state !== 'running') return;
    this.trouble();
    process[how]();
    this.timeline.after(durationMs, () => {
      this.trouble();
      process.resume();
    });
  }

  /** As on deactivation: gives up, tells the others (which may not arrive), ends. */
  leave(machine: Machine, hearing = 1): void {
    const life = this.#lives.get(machine);
    if (life?.process.state !== 'running') return;
    this.trouble();
    const { timeline } = this;
    const end = () => {
      if (this.#lives.get(machine) !== life) return;
      this.trouble();
      this.kill(machine);
      for (const other of this.machines) if (this.chance.is(hearing)) this.poke(other);
    };
    void life.contender.release().then(() => timeline.after(0, end));
    // The server does not wait for ever.
    timeline.after(10_000, end);
  }

  poke(machine: Machine): void {
    const life = this.#lives.get(machine);
    if (life === undefined) return;
    this.timeline.after(this.chance.between(1, 100), () => {
      life.process.deliver(() => life.contender.poke());
    });
  }

  weather(machine: Machine, change: Partial<Weather>, durationMs: number): void {
    this.during(
      durationMs,
      () => machine.changes.add(change),
      () => machine.changes.delete(change),
    );
  }

  #contender(process: Process): Contender {
    const { chance } = this;
    const { clock, kv, machine } = process;
    if (this.#kind === 'mutex') {
      const mutex = new GoMutex(kv, clock, chance);
      return {
        start: () => void mutex.start(),
        isHolding: () => mutex.isHeld,
        mayDelete: () => mutex.isHeld,
        poke: () => undefined,
        release: () => mutex.release(),
      };
    }
    const boot = `boot${this.#boots++}`;
    // Process ids come back.
    const pid = 100 + chance.below(3);
    const lease = new Lease({
      kv: this.#isMixed && chance.is(0.5) ? nextVersion(kv) : kv,
      clock,
      rng: seededRng(1 + chance.below(2 ** 31)),
      identity: { id: machine.name, boot, pid, host: machine.name, version: '1.0.0' },
      isPidAlive: () => chance.is(0.3),
      logger: silentLogger,
    });
    return {
      start: () => lease.start(),
      isHolding: () => lease.view().role === 'holding',
      mayDelete: () => lease.mayDelete(),
      poke: () => lease.poke(),
      release: () => lease.release(),
    };
  }

  #look(): void {
    const nowMs = this.timeline.nowMs;
    let confirmed = 0;
    let deleting = 0;
    let holding = 0;
    for (const { process, contender } of this.#lives.values()) {
      const isHolding = contender.isHolding();
      if (isHolding && nowMs - process.confirmedMs < fenceMs) confirmed++;
      if (process.state !== 'running') continue;
      if (isHolding) holding++;
      if (contender.mayDelete()) deleting++;
    }
    if (confirmed > 1) this.#violation('two nodes hold with a confirmation of less than 10 s ago');
    if (deleting > 1) this.#violation('two nodes may delete');
    // Whoever lost the lease hears of it with its next renewal.
    if (holding > 1 && this.#calmMs() > fenceMs) this.#violation('two nodes hold in a calm world');
    this.#lookAtEpoch();
    this.#lookAtGap(holding > 0);
  }

  #calmMs(): number {
    return this.#troubles > 0 ? 0 : this.timeline.nowMs - this.#troubledMs;
  }

  #lookAtGap(isHeld: boolean): void {
    const nowMs = this.timeline.nowMs;
    if (isHeld) {
      if (this.#nobodySinceMs !== 0) this.gapsMs.push(nowMs - this.#nobodySinceMs);
      this.#nobodySinceMs = 0;
      return;
    }
    if (this.#nobodySinceMs === 0) this.#nobodySinceMs = nowMs;
    if (this.#calmMs() <= this.#boundMs || nowMs - this.#nobodySinceMs <= this.#boundMs) return;
    const isAnybodyReady = [...this.#lives.values()].some(
      ({ process }) => process.state === 'running' && nowMs - process.startMs > this.#boundMs,
    );
    if (isAnybodyReady) this.#violation('nobody holds in a calm world');
  }

  #lookAtEpoch(): void {
    const raw = this.database.stored('lead');
    if (raw === undefined || raw === this.#lastRaw) return;
    this.#lastRaw = raw;
    const record = JSON.parse(Buffer.from(raw).toString()) as { e: number; boot: string };
    const term = `${record.boot} ${record.e}`;
    if (term === this.#lastTerm) return;
    if (record.e <= this.#highestEpoch) this.#violation(`epoch ${record.e} came twice`);
    this.#highestEpoch = record.e;
    this.#lastTerm = term;
  }

  #violation(what: string): void {
    if (this.violations.some((known) => known.what === what)) return;
    this.violations.push({ atMs: Math.round(this.timeline.nowMs), what });
  }
}

/** A plugin whose records say version 2; it understands both. */
function nextVersion(kv: LeaseKv): LeaseKv {
  const originals = new Map<string, Uint8Array>();
  const understood = (raw: Uint8Array): Uint8Array => {
    const text = Buffer.from(raw).toString().replace('"v":2', '"v":1');
    if (originals.size > 64) originals.clear();
    originals.set(text, raw);
    return Buffer.from(text);
  };
  return {
    kvGet: async (key) => {
      const raw = await kv.kvGet(key);
      return raw === undefined ? undefined : understood(raw);
    },
    kvCompareAndSet: (key, old, value) => {
      const next = Buffer.from(Buffer.from(value).toString().replace('"v":1', '"v":2'));
      understood(next);
      const from = old === undefined ? undefined : originals.get(Buffer.from(old).toString());
      return kv.kvCompareAndSet(key, from ?? old, next);
    },
  };
}
