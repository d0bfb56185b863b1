import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dump, Status, Target, TargetList } from '../../api/index.ts';
import {
  silentLogger,
  sleep,
  systemClock,
  systemRng,
  type Clock,
} from '../../lib/runtime/index.ts';
import { PatientClock } from '../../lib/runtime/patient-clock-fixture.ts';
import { FakeDatabase } from '../../server/mattermost/sql/fake-database-fixture.ts';
import type { AuditRecord, PluginApi, ServerConfig } from '../../server/mattermost/index.ts';
import { MetricsPlugin } from '../../server/plugin.ts';
import { pluginId } from '../../server/plugin-id.ts';
import { KvStore } from '../host/kv-store.ts';

/** How long a step may take before it counts as hanging: the machine may be busy. */
const patienceMs = 120_000;
const pollMs = 20;

export interface PluginRunOptions {
  /** Port of the server's metrics. */
  port: number;
  /** The plugin's own settings; the interval is one second. */
  settings?: Record<string, unknown>;
  /** The server's working directory; absent: a new one that goes away afterwards. */
  root?: string;
}

/**
 * The composed plugin in this process: real store, workers, file store and HTTP; no wire. Its time
 * waits for its work.
 */
export class PluginRun {
  readonly root: string;
  readonly failures: Error[] = [];
  readonly config: ServerConfig;
  settings: Record<string, unknown>;
  readonly #ownsRoot: boolean;
  /** A scrape has its second, however busy the machine is. */
  readonly clock = new PatientClock();
  /** What the server's audit log got. */
  readonly audited: AuditRecord[] = [];
  /** Events to browsers: name, payload and for whom, as JSON. */
  readonly told: string[] = [];
  readonly kv = new KvStore(this.clock);
  #plugin: MetricsPlugin | undefined;
  #server: Server | undefined;

  private constructor(root: string, ownsRoot: boolean, options: PluginRunOptions) {
    this.root = root;
    this.#ownsRoot = ownsRoot;
    this.settings = {
      scrapeintervalseconds: 1,
      enablenodeexportertargets: false,
      ...options.settings,
    };
    this.config = {
      metrics: { enable: true, listenAddress: `:${String(options.port)}` },
      file: { driverName: 'local', directory: './files/' },
      service: { siteUrl: 'https://chat.example.com' },
      cluster: { enable: false, clusterName: '', overrideHostname: '' },
      plugins: { enabled: [], rtcdUrl: '', areMetricsAggregated: false },
      sql: { driverName: 'postgres' },
    };
  }

  static async create(options: PluginRunOptions): Promise<PluginRun> {
    const root = options.root ?? (await mkdtemp(join(tmpdir(), 'integration-')));
    await mkdir(join(root, 'bundle'), { recursive: true });
    return new PluginRun(root, options.root === undefined, options);
  }

  get plugin(): MetricsPlugin {
    if (this.#plugin === undefined) throw new Error('the plugin is not active');
    return this.#plugin;
  }

  /** Where the store lies unless a setting says otherwise. */
  get dataDirectory(): string {
    return join(this.root, 'mattermost-plugin-metrics/data');
  }

  async activate(): Promise<void> {
    const plugin = new MetricsPlugin({
      clock: this.clock,
      rng: systemRng,
      pluginId,
      pluginVersion: '0.8.0',
      workerEntry: { kind: 'file', path: new URL('../../server/worker.ts', import.meta.url) },
      hostName: 'node-a',
      workingDirectory: this.root,
      measureSlices: false,
      fail: (error) => this.failures.push(error),
    });
    const host = { api: this.#api(), database: new FakeDatabase(), logger: silentLogger };
    await plugin.onConfigurationChange(host);
    await plugin.onActivate(host);
    this.#plugin = plugin;
    this.#server = createServer((request, response) => {
      plugin.requestListener(request, response);
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
  }

  async deactivate(): Promise<void> {
    await this.#plugin?.onDeactivate();
    this.#plugin = undefined;
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  /** Ends everything; rejects with what the plugin could not live with. */
  async close(): Promise<void> {
    await this.deactivate();
    await this.clock.stop();
    if (this.#ownsRoot) await rm(this.root, { recursive: true });
    if (this.failures[0] !== undefined) throw this.failures[0];
  }

  /** A save of these settings, or of the server's configuration as it is now. */
  async reconfigure(settings: Record<string, unknown> = {}): Promise<void> {
    this.settings = { ...this.settings, ...settings };
    await this.hearOfSave(Promise.resolve(this.settings));
  }

  /** The server says that something was saved; these are the settings that it answers with. */
  async hearOfSave(settings: Promise<Record<string, unknown>>): Promise<void> {
    await this.plugin.onConfigurationChange({
      api: { ...this.#api(), loadPluginConfiguration: () => settings },
      database: new FakeDatabase(),
      logger: silentLogger,
    });
  }

  /** A request as an administrator, below `/api/v1/`. */
  request(path: string, options: RequestInit = {}): Promise<Response> {
    const { port } = this.#server?.address() as AddressInfo;
    const headers = new Headers(options.headers);
    headers.set('Mattermost-User-Id', 'admin');
    return fetch(`http://127.0.0.1:${String(port)}/api/v1/${path}`, { ...options, headers });
  }

  async get<Answer>(path: string): Promise<Answer> {
    return (await (await this.request(path)).json()) as Answer;
  }

  status(): Promise<Status> {
    return this.get<Status>('status');
  }

  /** The status once it is as wanted. */
  statusWhen(isWanted: (status: Status) => boolean): Promise<Status> {
    return this.until(() => this.status(), isWanted);
  }

  /** The answer once it is as wanted; rejects with the last one. */
  async until<Value>(
    ask: () => Value | Promise<Value>,
    isWanted: (value: Value) => boolean,
  ): Promise<Value> {
    let seen: Value | undefined;
    const found = this.eventually('what is wanted', async () => {
      seen = await ask();
      return isWanted(seen) ? { value: seen } : undefined;
    });
    const { value } = await found.catch((error: unknown) => {
      throw new Error(`still ${JSON.stringify(seen)}`, { cause: error });
    });
    return value;
  }

  /** The target of this job, once it is as wanted. */
  target(job: string, isWanted: (target: Target) => boolean): Promise<Target> {
    let seen: Target | undefined;
    const found = this.eventually(`target ${job}`, async () => {
      const { targets } = await this.get<TargetList>('targets');
      seen = targets.find((one) => one.job === job);
      return seen !== undefined && isWanted(seen) ? seen : undefined;
    });
    return found.catch(async (error: unknown) => {
      const { problems } = await this.status();
      throw new Error(`it is ${JSON.stringify({ seen, problems })}`, { cause: error });
    });
  }

  /** Makes a dump of everything up to now and returns it when it has ended, well or not. */
  async dump(): Promise<Dump> {
    const to = this.clock.nowMs() + 1;
    const body = JSON.stringify({ from: to - 24 * 3_600_000, to });
    const created = await this.request('dumps', { method: 'POST', body });
    if (created.status !== 201) throw new Error(await created.text());
    const { id } = (await created.json()) as Dump;
    return this.eventually('the end of the dump', async () => {
      const dump = await this.get<Dump>(`dumps/${id}`);
      return dump.state === 'queued' || dump.state === 'running' ? undefined : dump;
    });
  }

  async archive(id: string): Promise<Buffer> {
    return Buffer.from(await (await this.request(`dumps/${id}/archive`)).arrayBuffer());
  }

  /** Asks until there is an answer. */
  eventually<Value>(what: string, ask: () => Promise<Value | undefined>): Promise<Value> {
    return eventually(what, ask, this.clock);
  }

  /** The server's API as far as the plugin needs it here. */
  #api(): PluginApi {
    const answers: Partial<PluginApi> = {
      loadPluginConfiguration: async () => this.settings,
      getUnsanitizedConfig: async () => this.config,
      getServerVersion: async () => '11.0.0',
      getDiagnosticId: async () => 'd'.repeat(26),
      getBundlePath: async () => join(this.root, 'bundle'),
      getLicense: async () => undefined,
      hasPermissionTo: async (userId, permission) =>
        userId === 'admin' && permission === 'manage_system',
      kvGet: async (key) => this.kv.get(key),
      kvCompareAndSet: async (key, oldValue, newValue) =>
        this.kv.set(key, newValue, { isAtomic: true, oldValue }),
      kvDelete: async (key) => {
        this.kv.set(key, undefined);
      },
      kvList: async (page, perPage) => this.kv.list(page, perPage),
      logAuditRecord: async (record) => {
        this.audited.push(record);
      },
      publishWebSocketEvent: async (event, payload, broadcast) => {
        this.told.push(JSON.stringify([event, payload, broadcast]));
      },
    };
    return answers as PluginApi;
  }
}

/** Asks until there is an answer. */
export async function eventually<Value>(
  what: string,
  ask: () => Promise<Value | undefined>,
  clock: Clock = systemClock,
): Promise<Value> {
  const deadlineMs = systemClock.monotonicMs() + patienceMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`it never came: ${what}`);
    await sleep(clock, pollMs);
  }
}
