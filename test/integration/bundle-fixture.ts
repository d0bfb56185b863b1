import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status } from '../../api/index.ts';
import { startExporter, type Exporter, type ExporterOptions } from '../host/exporter.ts';
import {
  startHost,
  type ActivePlugin,
  type Host,
  type HostLogLine,
  type PluginCommand,
} from '../host/index.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { eventually } from './plugin-fixture.ts';

export interface BundleRunOptions {
  settings?: Record<string, unknown>;
  exporter?: ExporterOptions;
  /** Runs this in place of the executable, whose path it is given. */
  command?: (executable: string) => PluginCommand;
}

/** The built bundle under a Mattermost stand-in, with one exporter. */
export interface BundleRun {
  /** Holds everything of this run. */
  directory: string;
  host: Host;
  exporter: Exporter;
  logs: HostLogLine[];
  /** The running plugin; throws when there is none. */
  active: () => ActivePlugin;
  /** A request as an administrator, below `/api/v1/`. */
  request: (path: string, init?: RequestInit) => Promise<Response>;
  get: <Answer>(path: string) => Promise<Answer>;
  stop: () => Promise<void>;
}

/** Installs and enables the built bundle. */
async function startBundle(options: BundleRunOptions = {}): Promise<BundleRun> {
  const directory = await mkdtemp(join(tmpdir(), 'bundle-run-'));
  const exporter = await startExporter({ profile: 'idle', ...options.exporter });
  const logs: HostLogLine[] = [];
  const settings = { scrapeintervalseconds: 1, enablenodeexportertargets: false };
  const { command } = options;
  const host = await startHost({
    directory: join(directory, 'server'),
    onLog: (line) => logs.push(line),
    configuration: {
      MetricsSettings: { Enable: true, ListenAddress: `127.0.0.1:${String(exporter.port)}` },
      PluginSettings: { Plugins: { [manifest.id]: { ...settings, ...options.settings } } },
    },
    ...(command === undefined
      ? {}
      : { command: (_manifest, bundle: string) => command(join(bundle, executable())) }),
  });
  await host.installPlugin(hostBundle);
  await host.enable(manifest.id);
  const admin = host.logIn();
  const request = (path: string, init?: RequestInit) =>
    host.request(manifest.id, `/api/v1/${path}`, admin, init);
  return {
    directory,
    host,
    exporter,
    logs,
    active: () => host.active(manifest.id),
    request,
    get: async <Answer>(path: string) => (await (await request(path)).json()) as Answer,
    stop: async () => {
      await host.stop();
      await exporter.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** The bundles that one test runs. */
export class BundleRuns {
  readonly #runs: BundleRun[] = [];

  /** See {@link startBundle}. */
  async start(options: BundleRunOptions = {}): Promise<BundleRun> {
    const run = await startBundle(options);
    this.#runs.push(run);
    return run;
  }

  /** The same, once there is a sample. */
  async collecting(options: BundleRunOptions = {}): Promise<BundleRun> {
    const run = await this.start(options);
    await collects(run);
    return run;
  }

  /** Ends them all; returns what they did against the rules of their host. */
  async end(): Promise<string[]> {
    const violations: string[] = [];
    // The last first: it may live in a directory of the one before.
    for (const run of this.#runs.splice(0).reverse()) {
      await run.stop();
      violations.push(...run.host.violations);
    }
    return violations;
  }
}

/** The status once there is a sample newer than `sinceMs`. */
export function collects(run: BundleRun, sinceMs = 0): Promise<Status> {
  return eventually('a sample', async () => {
    const status = await run.get<Status>('status');
    return (status.newestSampleMs ?? 0) > sinceMs ? status : undefined;
  });
}

/** Where the store of this run lies. */
export function storeOf(run: BundleRun): string {
  return join(run.host.directory, 'mattermost-plugin-metrics/data');
}

function executable(): string {
  const { executables } = manifest.server;
  return executables[`linux-${process.arch === 'x64' ? 'amd64' : process.arch}`]!;
}

/** Private memory of a process in bytes: what cannot be dropped and read again. */
export function privateBytes(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Resolves when the process is gone. */
export function processEnds(pid: number): Promise<true> {
  return eventually(`the end of process ${String(pid)}`, () =>
    Promise.resolve(isRunning(pid) ? undefined : true),
  );
}

/** A process that has ended stays in the table until its parent asks for it; it does not run. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}
