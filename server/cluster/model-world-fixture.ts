import { type Clock, seededRng } from '../../lib/runtime/index.ts';
import type { FakeKvDatabase } from './cluster-fixture.ts';
import { type KvApi } from './cluster-fixture.ts';

/** Chance of a model, repeatable by its seed. */
export class Chance {
  readonly #rng: ReturnType<typeof seededRng>;

  constructor(seed: number) {
    // Neighbouring seeds begin alike: the first numbers are thrown away.
    this.#rng = seededRng(Math.imul(seed + 1, 2_654_435_761));
    for (let at = 0; at < 8; at++) this.#rng.u32();
  }

  unit(): number {
    return this.#rng.u32() / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  below(count: number): number {
    return Math.floor(this.unit() * count);
  }

  is(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  bytes(count: number): Uint8Array {
    return this.#rng.bytes(count);
  }
}

interface Happening {
  atMs: number;
  order: number;
  run: () => void;
}

/** True time, which no node sees, and what happens in it. */
export class Timeline {
  nowMs = 0;
  #order = 0;
  /** Latest first. */
  readonly #ahead: Happening[] = [];

  at(atMs: number, run: () => void): void {
    const happening = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run };
    let low = 0;
    let high = this.#ahead.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ahead[middle]!.atMs > happening.atMs) low = middle + 1;
      else high = middle;
    }
    // Of those at the same time the first that was asked for comes first, hence last in the list.
    this.#ahead.splice(low, 0, happening);
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  /** Lets everything up to `untilMs` happen; `look` runs when the promises of each have settled. */
  async run(untilMs: number, look: () => void): Promise<void> {
    for (;;) {
      const next = this.#ahead.at(-1);
      if (next === undefined || next.atMs > untilMs) break;
      this.#ahead.pop();
      this.nowMs = next.atMs;
      next.run();
      await settle();
      look();
    }
    this.nowMs = untilMs;
  }
}

/** Lets what hangs on promises happen: no chain in the lease is as long. An immediate costs ten times as much. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 48; turn++) await Promise.resolve();
}

/** How calls of a machine fare at present. */
export interface Weather {
  /** Way there and way back, each drawn anew up to this. */
  wayMs: number;
  /** The database cannot be reached: refused at once, or never answered. */
  outage: 'none' | 'refuses' | 'hangs';
  /** Chance that a request is lost, and that an answer is; both then fail or hang. */
  loss: number;
  /** How far the replica is behind. */
  lagMs: number;
}

const serverGivesUpMs = 45_000;

/** A server: its clocks, its way to the database, and the process of the plugin, if any. */
export class Machine {
  readonly name: string;
  readonly timeline: Timeline;
  readonly database: FakeKvDatabase;
  readonly chance: Chance;
  /** How fast its monotonic clock runs, and what its wall clock shows beyond true time. */
  rate = 1;
  skewMs = 0;
  readonly climate: Weather = { wayMs: 10, outage: 'none', loss: 0, lagMs: 0 };
  /** What is different for a while; the latest counts. */
  readonly changes = new Set<Partial<Weather>>();
  /** Told of every call that does not fare as it should, now and when its effects arrive. */
  onTrouble: () => void = () => undefined;

  constructor(name: string, timeline: Timeline, database: FakeKvDatabase, chance: Chance) {
    this.name = name;
    this.timeline = timeline;
    this.database = database;
    this.chance = chance;
  }

  get weather(): Weather {
    return Object.assign({}, this.climate, ...this.changes) as Weather;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.timeline.nowMs + this.skewMs;
  }
}

/** A process of the plugin: it can be stopped, frozen with its machine, or killed. */
export class Process {
  readonly machine: Machine;
  readonly startMs: number;
  state: 'running' | 'stopped' | 'frozen' | 'dead' = 'running';
  /** True time of the start of the last compare-and-set that it was told of as done. */
  confirmedMs = Number.NEGATIVE_INFINITY;
  readonly #offsetMs: number;
  #frozenMs = 0;
  #frozenAtMs = 0;
  #waiting: (() => void)[] = [];

  constructor(machine: Machine) {
    this.machine = machine;
    this.startMs = machine.timeline.nowMs;
    this.#offsetMs = machine.chance.between(0, 1e6);
  }

  get clock(): Clock {
    const { machine } = this;
    const { timeline } = machine;
    const monotonicMs = () =>
      this.#offsetMs + (timeline.nowMs - this.startMs - this.#frozenMs) * machine.rate;
    return {
      nowMs: () => machine.wallMs(),
      monotonicMs,
      setTimer: (delayMs, run) => {
        const dueMs = monotonicMs() + Math.max(0, delayMs);
        let isCancelled = false;
        const fire = () => {
          if (isCancelled) return;
          const earlyMs = dueMs - monotonicMs();
          if (earlyMs > 0) schedule(earlyMs);
          else run();
        };
        const schedule = (restMs: number) =>
          timeline.after(Math.max(restMs, 0.001) / machine.rate, () => this.deliver(fire));
        schedule(Math.max(0, delayMs));
        return { cancel: () => void (isCancelled = true) };
      },
    };
  }

  /** Runs in the process as soon as that runs. */
  deliver(run: () => void): void {
    if (this.state === 'running') run();
    else if (this.state !== 'dead') this.#waiting.push(run);
  }

  stop(): void {
    if (this.state === 'running') this.state = 'stopped';
  }

  /** The machine is suspended: its monotonic clock stands still too, its wall clock is right after. */
  freeze(): void {
    if (this.state !== 'running') return;
    this.state = 'frozen';
    this.#frozenAtMs = this.machine.timeline.nowMs;
  }

  resume(): void {
    if (this.state === 'dead' || this.state === 'running') return;
    if (this.state === 'frozen') this.#frozenMs += this.machine.timeline.nowMs - this.#frozenAtMs;
    this.state = 'running';
    const waiting = this.#waiting;
    this.#waiting = [];
    // The first look at the world after a standstill comes before anything that waited.
    this.machine.timeline.after(0, () => undefined);
    for (const run of waiting) this.machine.timeline.after(0, () => this.deliver(run));
  }

  kill(): void {
    this.state = 'dead';
    this.#waiting = [];
  }

  /** The key-value store as this process reaches it. What was sent happens though the sender dies. */
  get kv(): Pick<KvApi, 'kvGet' | 'kvCompareAndSet' | 'kvSetWithOptions' | 'kvDelete'> {
    const { machine } = this;
    const api = machine.database.connect({
      nowMs: () => machine.wallMs(),
      lagMs: () => machine.weather.lagMs,
    });
    return {
      kvGet: (key) => this.#call(() => api.kvGet(key)),
      kvDelete: (key) => this.#call(() => api.kvDelete(key)),
      kvCompareAndSet: (key, old, value) =>
        this.#confirming(() => api.kvCompareAndSet(key, old, value)),
      kvSetWithOptions: (key, value, options) =>
        this.#confirming(() => api.kvSetWithOptions(key, value, options)),
    };
  }

  async #confirming(write: () => Promise<boolean>): Promise<boolean> {
    const startMs = this.machine.timeline.nowMs;
    const isDone = await this.#call(write);
    if (isDone) this.confirmedMs = Math.max(this.confirmedMs, startMs);
    return isDone;
  }

  #call<Value>(perform: () => Promise<Value>): Promise<Value> {
    const { timeline, weather, chance } = this.machine;
    const thereMs = chance.between(0.2, weather.wayMs);
    const backMs = chance.between(0.2, weather.wayMs);
    if (Math.max(thereMs, backMs) > 200) this.#trouble(thereMs, thereMs + backMs);
    return new Promise((resolve, reject) => {
      const fail = (hangs: boolean) => {
        this.#trouble();
        const afterMs = hangs ? serverGivesUpMs : backMs;
        timeline.after(afterMs, () => this.deliver(() => reject(new Error('database failed'))));
      };
      timeline.after(thereMs, () => {
        // The weather may have changed under way.
        const { outage, loss } = this.machine.weather;
        if (outage !== 'none' || chance.is(loss)) {
          fail(outage === 'hangs' || (outage === 'none' && chance.is(0.5)));
          return;
        }
        void perform().then((value) => {
          if (chance.is(loss)) fail(chance.is(0.5));
          else timeline.after(backMs, () => this.deliver(() => resolve(value)));
        });
      });
    });
  }

  /** The world is not calm now, nor when the call is given up or has its effects. */
  #trouble(...laterMs: number[]): void {
    const { timeline, onTrouble } = this.machine;
    onTrouble();
    for (const ms of [5000, ...laterMs]) timeline.after(ms, onTrouble);
  }
}
