import { createServer, type Server } from 'node:http';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status } from '../../api/index.ts';
import { FakeClock, seededRng, silentLogger, sleep, systemClock } from '../../lib/runtime/index.ts';
import { quiet } from '../../lib/runtime/quiet-fixture.ts';
import { startExporter, type Exporter } from '../host/exporter.ts';
import { KvStore } from '../host/kv-store.ts';
import { FakeDatabase } from '../../server/mattermost/sql/fake-database-fixture.ts';
import type {
  Host,
  PluginApi,
  PluginClusterEvent,
  ServerConfig,
} from '../../server/mattermost/index.ts';
import { MetricsPlugin } from '../../server/plugin.ts';
import { pluginId } from '../../server/plugin-id.ts';

/** Virtual time between two looks at what a test waits for. */
const stepMs = 250;

/** While nodes stop: how long that takes is looked at. */
const slowStepMs = 20;

/** How long a step of a test may take on the machine's clock before it counts as hanging. */
const patienceMs = 60_000;

/** One node: its plugin, its clock, and an administrator's client. */
export interface BenchNode {
  name: string;
  plugin: MetricsPlugin;
  clock: FakeClock;
  /** The bench's monotonic time when its clock began. */
  bornMs: number;
  directory: string;
  /** Neither its time nor its calls go on: a paused machine, or one that was cut off. */
  readonly isFrozen: boolean;
  freeze(): void;
  thaw(): void;
  /** Resolves when the node is not frozen; see also {@link ClusterBench.wake}. */
  awake(): Promise<void>;
  get<Answer>(path: string): Promise<Answer>;
  request(path: string, options?: RequestInit): Promise<Response>;
  status(): Promise<Status>;
}

/** Nodes of one cluster over one key-value store, one file store and one exporter. */
export class ClusterBench {
  readonly root: string;
  readonly exporter: Exporter;
  readonly nodes = new Map<string, BenchNode>();
  readonly failures: Error[] = [];
  /** Every cluster event that was sent, as `from kind`. */
  readonly events: string[] = [];
  /** Every event for browsers, as `from event what → to whom`. */
  readonly browserEvents: string[] = [];
  /** What users other than the administrator may do, by user. */
  readonly permissions = new Map<string, string>();
  settings: Record<string, unknown> = {
    scrapeintervalseconds: 15,
    enablenodeexportertargets: false,
  };
  /** Whether events get lost. */
  isDeaf = false;
  readonly #clock = new FakeClock();
  readonly #kv = new KvStore(this.#clock);
  readonly #servers: Server[] = [];
  #seed = 1;

  private constructor(root: string, exporter: Exporter) {
    this.root = root;
    this.exporter = exporter;
  }

  static async create(): Promise<ClusterBench> {
    const root = await mkdtemp(join(tmpdir(), 'metrics-cluster-'));
    return new ClusterBench(root, await startExporter({ profile: 'idle', seed: 1 }));
  }

  /** Activates the plugin on a node; `copyOf` starts it on the disk of a node that was killed. */
  async start(name: string, options: { copyOf?: BenchNode } = {}): Promise<BenchNode> {
    const directory = join(this.root, `${name}-${String(this.#seed)}`);
    await mkdir(join(directory, 'bundle'), { recursive: true });
    const { copyOf } = options;
    if (copyOf !== undefined) {
      const filter = (path: string) => !path.endsWith('/lock');
      await cp(copyOf.directory, directory, { recursive: true, filter });
    }
    const clock = new FakeClock(this.#clock.nowMs());
    const plugin = this.#plugin(name, clock, directory);
    const node = this.#node(name, plugin, clock, directory);
    const host = this.#host(node);
    await plugin.onConfigurationChange(host);
    await plugin.onActivate(host);
    this.nodes.set(name, node);
    return node;
  }

  /** Lets a frozen node go on: its clock has gone on meanwhile. */
  async wake(node: BenchNode): Promise<void> {
    await node.clock.advance(this.#clock.monotonicMs() - node.clock.monotonicMs() - node.bornMs);
    node.thaw();
  }

  /** Ends a node as the server does, and forgets it. */
  async stop(name: string): Promise<void> {
    await this.#end([this.node(name)]);
    this.nodes.delete(name);
  }

  /** Saves settings as the server does; resolves with the sentence when the asked node refuses. */
  async save(asked: BenchNode, settings: Record<string, unknown>): Promise<string | undefined> {
    const saved = { ...this.settings, ...settings };
    const refusal = await asked.plugin.configurationWillBeSaved(saved);
    if (refusal !== undefined) return refusal;
    this.settings = saved;
    for (const node of this.nodes.values())
      await node.plugin.onConfigurationChange(this.#host(node));
    return undefined;
  }

  #host(node: BenchNode): Host {
    return { api: this.#api(node), database: this.#database(), logger: silentLogger };
  }

  async #end(nodes: readonly BenchNode[]): Promise<void> {
    const ends = nodes.map(({ plugin }) => plugin.onDeactivate());
    await this.#driven(Promise.all(ends), slowStepMs);
  }

  node(name: string): BenchNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** Virtual time by the bench's own clock. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Time passes from timer to timer, and not while anything is at work. */
  async advance(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0;) {
      await quiet();
      const clocks = [this.#clock, ...this.#awake().map(({ clock }) => clock)];
      const dueMs = Math.min(...clocks.map(({ untilDueMs }) => untilDueMs));
      // What is due at once is so for a whole millisecond: clocks may differ by less.
      const passMs = Math.min(leftMs, Math.max(1, dueMs));
      for (const clock of clocks) await clock.advance(passMs);
      leftMs -= passMs;
    }
  }

  /** Lets time pass until `ask` answers; returns its answer. */
  async until<Value>(what: string, ask: () => Promise<Value | undefined | false>): Promise<Value> {
    const deadlineMs = systemClock.monotonicMs() + patienceMs;
    for (;;) {
      const value = await ask();
      if (value !== undefined && value !== false) return value;
      if (systemClock.monotonicMs() > deadlineMs) throw new Error(`never: ${what}`);
      await this.advance(stepMs);
    }
  }

  /** Waits on the machine's clock alone: virtual time stands still meanwhile. */
  async untilQuietly(what: string, ask: () => Promise<boolean>): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + patienceMs;
    while (!(await ask())) {
      if (systemClock.monotonicMs() > deadlineMs) throw new Error(`never: ${what}`);
      await sleep(systemClock, 5);
    }
  }

  /** The node that collects, once exactly one says so and has scraped. */
  collector(): Promise<BenchNode> {
    return this.until('one collector', async () => {
      const scrapers: BenchNode[] = [];
      for (const node of this.#awake()) {
        const { mode, state } = await node.status();
        if (mode === 'scraper' && state === 'collecting') scrapers.push(node);
      }
      return scrapers.length === 1 ? scrapers[0] : undefined;
    });
  }

  async close(): Promise<void> {
    for (const node of this.nodes.values()) node.thaw();
    await this.#end([...this.nodes.values()]);
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    await this.exporter.close();
    await rm(this.root, { recursive: true });
  }

  /** Delivers an event as the server does: to all other nodes, or to one. */
  async send(from: string, event: PluginClusterEvent, targetId = ''): Promise<void> {
    if (this.isDeaf) return;
    for (const node of this.#awake()) {
      if (node.name === from || (targetId !== '' && targetId !== idOf(node.name))) continue;
      await node.plugin.onPluginClusterEvent(event);
    }
  }

  /** Lets time pass while nothing is at work and an answer is not there: it waits for a timer. */
  async #driven<Value>(answer: Promise<Value>, ms = stepMs): Promise<Value> {
    const ending = new AbortController();
    const end = () => {
      ending.abort();
    };
    const ended = answer.then(end, end);
    for (;;) {
      await Promise.race([ended, quiet()]);
      if (ending.signal.aborted) return await answer;
      await this.advance(ms);
    }
  }

  #awake(): BenchNode[] {
    return [...this.nodes.values()].filter(({ isFrozen }) => !isFrozen);
  }

  #plugin(name: string, clock: FakeClock, workingDirectory: string): MetricsPlugin {
    return new MetricsPlugin({
      clock,
      rng: seededRng(this.#seed++),
      pluginId,
      pluginVersion: '0.9.0',
      workerEntry: { kind: 'file', path: new URL('../../server/worker.ts', import.meta.url) },
      hostName: name,
      workingDirectory,
      measureSlices: false,
      fail: (error) => this.failures.push(error),
    });
  }

  #node(name: string, plugin: MetricsPlugin, clock: FakeClock, directory: string): BenchNode {
    const server = createServer((request, response) => {
      plugin.requestListener(request, response);
    });
    this.#servers.push(server);
    const listening = new Promise<string>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        resolve(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/api/v1/`);
      });
    });
    const headers = { 'Mattermost-User-Id': 'admin' };
    const request = async (path: string, options: RequestInit = {}) =>
      this.#driven(fetch((await listening) + path, { headers, ...options }));
    const get = async <Answer>(path: string) => (await (await request(path)).json()) as Answer;
    const status = () => get<Status>('status');
    const bornMs = this.#clock.monotonicMs();
    const facts = { name, plugin, clock, bornMs, directory, request, get, status };
    return Object.assign(freezer(), facts);
  }

  #config(): ServerConfig {
    return {
      metrics: { enable: true, listenAddress: `:${String(this.exporter.port)}` },
      file: { driverName: 'local', directory: join(this.root, 'files') },
      service: { siteUrl: 'https://chat.example.com' },
      cluster: { enable: true, clusterName: 'mm', overrideHostname: '' },
      plugins: { enabled: [], rtcdUrl: '', areMetricsAggregated: false },
      sql: { driverName: 'postgres' },
    };
  }

  /** The cluster's table has one row, at which all nodes find the exporter. */
  #database(): FakeDatabase {
    const database = new FakeDatabase();
    database.answer = async () => {
      const row = ['row', '127.0.0.1', 0, this.nowMs()];
      return { columns: ['id', 'hostname', 'createat', 'lastpingat'], rows: [row] };
    };
    return database;
  }

  /** The server's API as far as these tests need it; the real one is met in the conformance run. */
  #api(node: BenchNode): PluginApi {
    const { name } = node;
    /** What a frozen node asks for is answered when it wakes up. */
    const awake = async <Value>(answer: () => Value): Promise<Value> => {
      await node.awake();
      return answer();
    };
    const answers: Partial<PluginApi> = {
      loadPluginConfiguration: async () => this.settings,
      getUnsanitizedConfig: async () => this.#config(),
      getServerVersion: async () => '11.0.0',
      getDiagnosticId: async () => 'd'.repeat(26),
      getBundlePath: async () => join(node.directory, 'bundle'),
      getLicense: async () => undefined,
      getPluginStatus: async () => ({ ...pluginStatus, clusterId: idOf(name) }),
      hasPermissionTo: async (userId, permission) =>
        userId === 'admin' || this.permissions.get(userId) === permission,
      kvGet: (key) => awake(() => this.#kv.get(key)),
      kvSetWithOptions: (key, value, { atomic = false, oldValue, expireInSeconds = 0 }) =>
        awake(() => this.#kv.set(key, value, { isAtomic: atomic, oldValue, expireInSeconds })),
      kvCompareAndSet: (key, oldValue, newValue) =>
        awake(() => this.#kv.set(key, newValue, { isAtomic: true, oldValue })),
      kvDelete: (key) => awake(() => void this.#kv.set(key, undefined)),
      kvList: (page, perPage) => awake(() => this.#kv.list(page, perPage)),
      publishWebSocketEvent: (event, { what }, { isForAdmins, userId = '' }) =>
        awake(() => {
          const toWhom = isForAdmins === true ? 'admins' : userId;
          this.browserEvents.push(`${name} ${event} ${String(what)} → ${toWhom}`);
        }),
      publishPluginClusterEvent: (event, options) =>
        awake(() => {
          this.events.push(`${name} ${event.id}`);
          void this.send(name, event, options.targetId);
        }),
    };
    return answers as PluginApi;
  }
}

function freezer() {
  let frozen: PromiseWithResolvers<void> | undefined;
  return {
    get isFrozen() {
      return frozen !== undefined;
    },
    freeze() {
      frozen ??= Promise.withResolvers();
    },
    thaw() {
      frozen?.resolve();
      frozen = undefined;
    },
    awake: async () => frozen?.promise,
  };
}

const pluginStatus = {
  pluginId,
  pluginPath: '',
  state: 2,
  error: '',
  name: 'Metrics',
  version: '0.9.0',
};

/** Cluster id of a node of this bench. */
export function idOf(name: string): string {
  return name.padEnd(26, 'x');
}
