import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { goProgram, root, run } from '../../build/command.ts';
import { untilCalm } from './crowding.ts';

const source = fileURLToPath(new URL('host/', import.meta.url));
const binary = `${root}.cache/conformance/host`;

/** A server's place in a cluster. */
export interface ClusterPlace {
  /** What its row in the discovery table says: the address of its metrics. */
  hostname: string;
  /** 26 characters. */
  clusterId: string;
  /** Of the installation: 26 characters, the same for all its servers. */
  telemetryId: string;
  /** Where its events for the other nodes go. */
  busUrl: string;
}

export interface GoHostOptions {
  /** Another build of the host; the newest by default. */
  program?: string | undefined;
  /** Keys and the SQL driver are those of the database that SqlSettings name; else memory, and none. */
  hasDatabase?: boolean;
  place?: ClusterPlace;
  /** How far the clock is ahead by which keys expire and discovery rows are pinged. */
  clockOffsetMs?: number;
}

/** How often the server starts a plugin that fails before it gives it up. */
const healthChecks = 3;

/** States of a plugin in Mattermost's environment. */
export const stateRunning = 2;

/** What the host tells of the plugin. */
export interface HostWebSocketEvent {
  /** As browsers get it: `custom_<plugin id>_<event>`. */
  name: string;
  payload: Record<string, unknown> | null;
  /** To whom; fields as the server writes them. */
  broadcast: { user_id: string; contains_sensitive_data?: boolean };
}

export interface HostStatus {
  state: number;
  /** The plugin's process; 0 when there is none. */
  pid: number;
  error: string;
  serverVersion: string;
  events: string[] | null;
  /** The newest events for browsers, oldest first. */
  webSocketEvents: HostWebSocketEvent[] | null;
  /** What the plugin has not given back of the SQL driver; absent without a database. */
  held?: { conns: number; txs: number; stmts: number; rows: number };
}

interface Addresses {
  id: string;
  control: string;
  plugin: string;
  metrics: string;
  bundle: string;
}

/** Builds the Go program once per change of its sources (Go's own cache decides). */
export async function buildGoHost(): Promise<void> {
  await mkdir(`${root}.cache/conformance`, { recursive: true });
  await run(goProgram, ['vet', '.'], { cwd: source });
  await run(goProgram, ['build', '-o', binary, '.'], { cwd: source });
}

/** Runs the host's own Go tests, which learn of databases from `environment`. */
export async function testGoHost(environment: Record<string, string>): Promise<void> {
  const env = { ...process.env, ...environment };
  await run(goProgram, ['test', '-count=1', '-v', '.'], { cwd: source, env });
}

/** Builds it against an older `server/public`; returns the program. */
export async function buildOlderHost(serverVersion: string): Promise<string> {
  const program = `${root}.cache/conformance/host-${serverVersion}`;
  const modules = `../hosts/${serverVersion}.mod`;
  const tags = serverVersion === '10.3' ? ['-tags=noaudit'] : [];
  const build = ['build', ...tags, `-modfile=${modules}`, '-o', program, '.'];
  await run(goProgram, build, { cwd: source });
  return program;
}

/** Reads a packet's metadata with Mattermost's own parser; throws with the parser's sentence. */
export async function parsePacketMetadata(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await run(binary, ['packet', path])) as Record<string, unknown>;
}

/** Mattermost's plugin environment in a process of its own, with one bundle unpacked. */
export class GoHost {
  readonly #process: ChildProcess;
  readonly #addresses: Addresses;
  readonly directory: string;

  private constructor(process: ChildProcess, addresses: Addresses, directory: string) {
    this.#process = process;
    this.#addresses = addresses;
    this.directory = directory;
  }

  /** Starts the host in `directory`; its log, the plugin's lines included, goes to `host.log`. */
  static async start(
    directory: string,
    bundle: string,
    config: object,
    options: GoHostOptions = {},
  ): Promise<GoHost> {
    await mkdir(directory, { recursive: true });
    await writeFile(`${directory}/config.json`, JSON.stringify(config));
    const args = [
      'run',
      '-bundle',
      bundle,
      '-dir',
      directory,
      '-config',
      `${directory}/config.json`,
      ...flagsOf(options),
    ];
    const child = spawn(options.program ?? binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.pipe(createWriteStream(`${directory}/host.log`, { flags: 'a' }));
    for await (const line of createInterface({ input: child.stdout })) {
      return new GoHost(child, JSON.parse(line) as Addresses, directory);
    }
    throw new Error(`the host did not start; its reason is in ${directory}/host.log`);
  }

  get pluginId(): string {
    return this.#addresses.id;
  }

  /** Where requests to the plugin go. */
  get pluginUrl(): string {
    return `${this.#addresses.plugin}/plugins/${this.pluginId}`;
  }

  /** Where the server's metrics port has the plugin's own metrics. */
  get metricsUrl(): string {
    return `${this.#addresses.metrics}/plugins/${this.pluginId}/metrics`;
  }

  get bundlePath(): string {
    return this.#addresses.bundle;
  }

  /** Asks the control listener; an error of the host is thrown with its text. */
  async control<Reply>(method: 'GET' | 'POST', path: string, body?: object): Promise<Reply> {
    const response = await fetch(`${this.#addresses.control}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const reply = (await response.json()) as Reply & { error?: string };
    if (!response.ok) throw new Error(`${path}: ${String(reply.error)}`);
    return reply;
  }

  /** Gives the plugin an event of another server; resolves when its hook has returned. */
  async deliver(eventId: string, data: Uint8Array, timeoutMs: number): Promise<void> {
    const response = await fetch(
      `${this.#addresses.control}/event?id=${encodeURIComponent(eventId)}`,
      { method: 'POST', body: Buffer.from(data), signal: AbortSignal.timeout(timeoutMs) },
    );
    if (!response.ok) throw new Error(`/event: ${await response.text()}`);
  }

  status(): Promise<HostStatus> {
    return this.control('GET', '/status');
  }

  /**
   * Starts the plugin; tells how long that took. A start that takes longer than the server waits, as it
   * may on a busy machine, is said and tried again, three times in all.
   */
  async activate(): Promise<{ ms: number }> {
    for (let left = healthChecks; ; left--) {
      try {
        return await this.control<{ ms: number }>('POST', '/activate');
      } catch (error) {
        const text = error instanceof Error ? error.message : '';
        if (left <= 1 || !text.includes('timeout while waiting for plugin to start')) throw error;
        console.log(`# once more: ${text}; ${(await untilCalm()).told}`);
      }
    }
  }

  /**
   * Looks after a dead plugin as the server's health check does: again when its start takes longer
   * than the server waits, as it may on a busy machine, and three times in all.
   */
  async checkHealth(): Promise<HostStatus> {
    for (let left = healthChecks; ; left--) {
      const status = await this.control<HostStatus>('POST', '/check');
      if (status.state === stateRunning || left <= 1) return status;
    }
  }

  /** A request to the plugin through the host's hooks, as `user` (undefined: nobody). */
  request(path: string, user: string | undefined, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (user !== undefined) headers.set('x-test-user', user);
    return fetch(`${this.pluginUrl}${path}`, {
      ...init,
      headers,
    });
  }

  /** Deactivates the plugin and ends the host in order. */
  async quit(): Promise<void> {
    const ended = this.#ended();
    await this.control('POST', '/quit');
    await ended;
  }

  /** Ends the host without a word, as a crash of the server does. */
  async kill(): Promise<void> {
    const ended = this.#ended();
    this.#process.kill('SIGKILL');
    await ended;
  }

  #ended(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#process.once('exit', () => resolve()));
  }
}

function flagsOf({ hasDatabase = false, place, clockOffsetMs = 0 }: GoHostOptions): string[] {
  const flags = hasDatabase ? ['-database'] : [];
  if (clockOffsetMs !== 0) flags.push('-clock-offset', `${clockOffsetMs}ms`);
  if (place === undefined) return flags;
  const { hostname, clusterId, telemetryId, busUrl } = place;
  flags.push('-hostname', hostname, '-cluster-id', clusterId, '-telemetry-id', telemetryId);
  return [...flags, '-bus', busUrl];
}
