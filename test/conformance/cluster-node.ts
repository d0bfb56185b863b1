import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { kill } from 'node:process';
import type { Status } from '../../api/index.ts';
import { admin } from './bed.ts';
import { eventually } from './checks.ts';
import type { ClusterBus } from './cluster-bus.ts';
import type { CountingExporter } from './counting-exporter.ts';
import { GoHost } from './go-host.ts';
import type { TcpProxy } from './tcp-proxy.ts';

/** What all servers of an installation say that they are. */
const telemetryId = 't'.repeat(26);

/** A plugin that stands still never answers. */
const answerMs = 2000;

export interface ClusterNodeOptions {
  hostname: string;
  clusterId: string;
  /** The server's working directory; it outlives the server. */
  directory: string;
  bundle: string;
  /** The server's configuration. */
  config: object;
  /** How far its server's clock is ahead. */
  clockOffsetMs: number;
  bus: ClusterBus;
  exporter: CountingExporter;
  /** Its way to the database. */
  database: TcpProxy;
}

/** One server of a cluster with its plugin, which may be killed, paused and cut off. */
export class ClusterNode {
  readonly hostname: string;
  readonly exporter: CountingExporter;
  readonly database: TcpProxy;
  readonly #options: ClusterNodeOptions;
  #host: GoHost | undefined;

  constructor(options: ClusterNodeOptions) {
    this.#options = options;
    this.hostname = options.hostname;
    this.exporter = options.exporter;
    this.database = options.database;
  }

  get clusterId(): string {
    return this.#options.clusterId;
  }

  /** The running server. */
  get host(): GoHost {
    if (this.#host === undefined) throw new Error(`${this.hostname} does not run`);
    return this.#host;
  }

  /** Starts the server; its plugin waits for {@link activate}. */
  async start(): Promise<void> {
    const { directory, bundle, config, clockOffsetMs, bus, hostname, clusterId } = this.#options;
    const place = { hostname, clusterId, telemetryId, busUrl: bus.url };
    const options = { hasDatabase: true, place, clockOffsetMs };
    const host = await GoHost.start(directory, bundle, config, options);
    this.#host = host;
    bus.join(clusterId, ({ id, data }) => host.deliver(id, Buffer.from(data, 'base64'), answerMs));
  }

  async activate(): Promise<void> {
    await this.host.activate();
  }

  /** Ends the plugin in order; the server stays. */
  async deactivate(): Promise<void> {
    await this.host.control('POST', '/deactivate');
  }

  /** What the plugin says; undefined when it does not say anything. */
  async status(): Promise<Status | undefined> {
    if (this.#host === undefined) return undefined;
    try {
      const signal = AbortSignal.timeout(answerMs);
      const response = await this.host.request('/api/v1/status', admin, { signal });
      return response.ok ? ((await response.json()) as Status) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Throws when the plugin refuses. */
  async saveConfiguration(change: object): Promise<void> {
    const { refused } = await this.host.control<{ refused: string | null }>(
      'POST',
      '/config',
      change,
    );
    if (refused !== null) throw new Error(`the plugin refuses its settings: ${refused}`);
  }

  /** kill -9 of the plugin; the server looks after it with its next health check. */
  async killPlugin(): Promise<void> {
    const { pid } = await this.host.control<{ pid: number }>('POST', '/kill');
    await gone(pid);
  }

  /** What the health check of the server does: it starts a dead plugin again. */
  async checkHealth(): Promise<void> {
    await this.host.checkHealth();
  }

  /** Ends the server and its plugin without a word, as a power cut does; its row in the table stays. */
  async killHost(): Promise<void> {
    const { pid } = await this.host.status();
    if (pid !== 0) kill(pid, 'SIGKILL');
    this.#options.bus.leave(this.clusterId);
    await this.host.kill();
    this.#host = undefined;
    if (pid !== 0) await gone(pid);
  }

  /** Ends the server in order. */
  async quit(): Promise<void> {
    const { host } = this;
    await host.quit();
    this.#options.bus.leave(this.clusterId);
    this.#host = undefined;
  }

  /**
   * Stops the plugin's process, as on a machine that stands still; what is returned lets it go on and
   * tells whether it still could: its server may have given it up and started another one.
   */
  async pause(): Promise<() => boolean> {
    const { pid } = await this.host.status();
    kill(pid, 'SIGSTOP');
    return () => {
      if (!isAlive(pid)) return false;
      kill(pid, 'SIGCONT');
      return true;
    };
  }

  /** Removes what the plugin keeps on this node's disk. */
  async loseDisk(): Promise<void> {
    await rm(`${this.#options.directory}/mattermost-plugin-metrics`, { recursive: true });
  }

  /** Ends everything, whatever state it is in. */
  async end(): Promise<void> {
    await this.#host?.kill();
    await this.exporter.stop();
    await this.database.stop();
  }
}

async function gone(pid: number): Promise<void> {
  await eventually(`process ${pid} is gone`, 10_000, () =>
    Promise.resolve(isAlive(pid) ? undefined : true),
  );
}

/** What nobody has waited for yet counts as gone. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/exe`);
}
