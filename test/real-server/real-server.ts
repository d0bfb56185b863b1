import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { waitForHttp } from '../conformance/processes.ts';
import type { ServerBuild } from './server-build.ts';

/** Where the server listens, all on loopback. */
export interface ServerPorts {
  site: number;
  metrics: number;
}

export interface RealServerOptions {
  build: ServerBuild;
  /** Its working directory, which outlives it. */
  directory: string;
  ports: ServerPorts;
  /** Data source of its PostgreSQL. */
  database: string;
  /** Path of its site, as its configuration says; none by default. */
  subpath?: string;
}

/** How long a start may take: the first one makes the tables. */
const startMs = 180_000;
/** How long it may take to end in order before it is killed. */
const stopMs = 60_000;

/** A Mattermost server in a process of its own, over a directory and a database that outlive it. */
export class RealServer {
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  readonly url: string;
  readonly metricsUrl: string;
  readonly socketPath: string;
  readonly directory: string;

  private constructor(process: ChildProcess, options: RealServerOptions) {
    const { ports, directory, subpath = '' } = options;
    this.#process = process;
    this.#ended = new Promise((resolve) => process.once('close', () => resolve()));
    this.url = `http://127.0.0.1:${ports.site}${subpath}`;
    this.metricsUrl = `http://127.0.0.1:${ports.metrics}`;
    this.socketPath = socketOf(directory);
    this.directory = directory;
  }

  /** Starts it and waits until it answers. */
  static async start(options: RealServerOptions): Promise<RealServer> {
    const { build, directory } = options;
    await prepare(options);
    const child = spawn(build.program, ['server', '-c', 'config/config.json'], {
      cwd: directory,
      env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(`${directory}/server.out`, { flags: 'a' });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    const server = new RealServer(child, options);
    try {
      await waitForHttp(`${server.url}/api/v4/system/ping`, startMs);
    } catch (cause) {
      await server.kill();
      throw new Error(`the server did not start; see ${directory}/server.out`, { cause });
    }
    return server;
  }

  /** Lines of the server's log, those of its plugins included. */
  async log(): Promise<Record<string, unknown>[]> {
    const text = await readFile(`${this.directory}/logs/mattermost.log`, 'utf8');
    const lines = text.split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Ends it as an administrator does, with SIGTERM; whether it went in time. */
  async stop(): Promise<boolean> {
    this.#process.kill('SIGTERM');
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#process.kill('SIGKILL');
    }, stopMs);
    await this.#ended;
    clearTimeout(timer);
    return !isLate;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }
}

function socketOf(directory: string): string {
  return `${directory}/local.socket`;
}

/** Lays out the working directory: what the server reads from its release, and its configuration. */
async function prepare({ build, directory, ports, database }: RealServerOptions): Promise<void> {
  for (const name of ['config', 'logs', 'data', 'plugins', 'client/plugins']) {
    await mkdir(`${directory}/${name}`, { recursive: true });
  }
  for (const name of ['i18n', 'templates', 'fonts']) {
    await symlink(`${build.resources}/${name}`, `${directory}/${name}`).catch(ignoreExisting);
  }
  // Stands for the web client, which is no part of the module: mmctl asks for it before it signs in.
  await writeFile(`${directory}/client/root.html`, '<!doctype html><title>Mattermost</title>\n');
  // Those of a start before stay: the server keeps its own changes in the same file.
  await writeFile(
    `${directory}/config/config.json`,
    JSON.stringify(configuration(directory, ports, database), null, 2),
    { flag: 'wx' },
  ).catch(ignoreExisting);
}

function configuration(directory: string, ports: ServerPorts, database: string): object {
  return {
    ServiceSettings: {
      SiteURL: `http://127.0.0.1:${ports.site}`,
      ListenAddress: `127.0.0.1:${ports.site}`,
      EnableLocalMode: true,
      LocalModeSocketLocation: socketOf(directory),
      EnableUserAccessTokens: true,
      EnableSecurityFixAlert: false,
    },
    TeamSettings: { EnableOpenServer: true },
    SqlSettings: { DriverName: 'postgres', DataSource: database },
    LogSettings: {
      EnableConsole: true,
      EnableFile: true,
      FileLevel: 'DEBUG',
      FileJson: true,
      FileLocation: `${directory}/logs`,
      EnableDiagnostics: false,
      EnableSentry: false,
    },
    FileSettings: { DriverName: 'local', Directory: `${directory}/data/`, MaxFileSize: 104857600 },
    MetricsSettings: { Enable: true, ListenAddress: `127.0.0.1:${ports.metrics}` },
    PluginSettings: {
      Enable: true,
      EnableUploads: true,
      AutomaticPrepackagedPlugins: false,
      EnableMarketplace: false,
      EnableRemoteMarketplace: false,
    },
    ExperimentalAuditSettings: {
      FileEnabled: true,
      FileName: `${directory}/logs/audit.log`,
    },
  };
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
