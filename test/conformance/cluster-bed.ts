import { mkdir, readFile } from 'node:fs/promises';
import type { Status } from '../../api/index.ts';
import { root } from '../../build/command.ts';
import { ClusterBus } from './cluster-bus.ts';
import { ClusterNode } from './cluster-node.ts';
import { CountingExporter } from './counting-exporter.ts';
import { accessKeyId, bucket, secretAccessKey } from './objectstore-servers.ts';
import type { Daemon } from './processes.ts';
import { startPostgres, type Postgres } from './postgres.ts';
import { startS3Server } from './s3-server.ts';
import { TcpProxy } from './tcp-proxy.ts';

export interface ClusterBedOptions {
  directory: string;
  bundle: string;
  nodes: number;
  /** The plugin's settings. */
  settings: Record<string, unknown>;
}

/** Servers disagree about the time: keys expire and rows are pinged by it. */
const clockOffsetsMs = [0, 40_000, -40_000];

/** Below the bucket; the nodes share it. */
export const pathPrefix = 'cluster';

/**
 * Servers of one cluster, each in a process of its own on a loopback address of its own, with one
 * PostgreSQL behind a proxy per server, one S3 server, and a way for events between them.
 */
export class ClusterBed {
  readonly directory: string;
  readonly nodes: ClusterNode[] = [];
  readonly bus: ClusterBus;
  readonly postgres: Postgres;
  /** `host:port` of the S3 server. */
  readonly s3Endpoint: string;
  readonly #s3: Daemon;
  readonly #options: ClusterBedOptions;
  readonly #pluginId: string;
  #port = 0;

  private constructor(
    options: ClusterBedOptions,
    servers: { bus: ClusterBus; postgres: Postgres; s3: { endpoint: string; daemon: Daemon } },
    pluginId: string,
  ) {
    this.#options = options;
    this.#pluginId = pluginId;
    this.directory = options.directory;
    this.bus = servers.bus;
    this.postgres = servers.postgres;
    this.s3Endpoint = servers.s3.endpoint;
    this.#s3 = servers.s3.daemon;
  }

  /** Starts everything but the plugins. */
  static async start(options: ClusterBedOptions): Promise<ClusterBed> {
    const { directory } = options;
    await mkdir(directory, { recursive: true });
    const { id } = JSON.parse(await readFile(`${root}plugin.json`, 'utf8')) as { id: string };
    const [bus, postgres, s3] = await Promise.all([
      ClusterBus.start(),
      startPostgres(`${directory}/postgres.log`),
      startS3Server(directory),
    ]);
    const bed = new ClusterBed(options, { bus, postgres, s3 }, id);
    try {
      for (let at = 0; at < options.nodes; at++) await bed.addNode();
    } catch (error) {
      await bed.end();
      throw error;
    }
    return bed;
  }

  /** Starts one more server. */
  async addNode(): Promise<ClusterNode> {
    const number = this.nodes.length + 1;
    const hostname = `127.0.0.${number}`;
    const exporter = await CountingExporter.start(hostname, this.#port);
    // One port for all: servers of a cluster share their configuration.
    this.#port = exporter.port;
    const database = await TcpProxy.start(this.postgres.port);
    const node = new ClusterNode({
      hostname,
      clusterId: String(number).padStart(26, 'n'),
      directory: `${this.directory}/${hostname}`,
      bundle: this.#options.bundle,
      config: this.#config(database.port, hostname),
      clockOffsetMs: clockOffsetsMs[number - 1] ?? 0,
      bus: this.bus,
      exporter,
      database,
    });
    this.nodes.push(node);
    await node.start();
    return node;
  }

  /** Changes the plugin's settings on every server, as a save in System Console does. */
  async configure(settings: Record<string, unknown>): Promise<void> {
    Object.assign(this.#options.settings, settings);
    const Plugins = { [this.#pluginId]: this.#options.settings };
    for (const node of this.nodes) await node.saveConfiguration({ PluginSettings: { Plugins } });
  }

  /** Every node's status; undefined of those that do not answer. */
  statuses(): Promise<(Status | undefined)[]> {
    return Promise.all(this.nodes.map((node) => node.status()));
  }

  /** The nodes that say they collect. */
  async collectors(): Promise<ClusterNode[]> {
    const statuses = await this.statuses();
    return this.nodes.filter((_, at) => statuses[at]?.mode === 'scraper');
  }

  /** The first scrape of any node's metrics at or after `sinceMs`. */
  firstScrapeMs(sinceMs: number): number | undefined {
    const times = this.nodes.flatMap(({ exporter }) => exporter.firstSince(sinceMs)?.atMs ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end()));
    await Promise.all([this.bus.stop(), this.postgres.stop(), this.#s3.stop()]);
  }

  #config(databasePort: number, hostname: string): object {
    return {
      ServiceSettings: { SiteURL: 'http://mattermost.example.com' },
      MetricsSettings: { Enable: true, ListenAddress: `:${this.#port}` },
      // They share a machine, and with it its name.
      ClusterSettings: { Enable: true, ClusterName: 'bed', OverrideHostname: hostname },
      SqlSettings: { DriverName: 'postgres', DataSource: this.postgres.source(databasePort) },
      FileSettings: {
        DriverName: 'amazons3',
        AmazonS3AccessKeyId: accessKeyId,
        AmazonS3SecretAccessKey: secretAccessKey,
        AmazonS3Bucket: bucket,
        AmazonS3PathPrefix: pathPrefix,
        AmazonS3Endpoint: this.s3Endpoint,
        AmazonS3SSL: false,
      },
      PluginSettings: { Enable: true, Plugins: { [this.#pluginId]: this.#options.settings } },
    };
  }
}
