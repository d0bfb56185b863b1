import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { PluginConnection } from '../../lib/goplugin/index.ts';
import { sleep, type Clock } from '../../lib/runtime/index.ts';
import { handshakeEnvironment, parseHandshake, type Handshake } from './handshake.ts';
import { StderrReader, type HostLogLine } from './log-lines.ts';

/**
 * From exec to the handshake line, and from the end of the connection to SIGKILL. The server gives 3 s
 * and 2 s; a stand-in that did would judge the machine: the real supervisor is met in conformance.
 */
const startTimeoutMs = 60_000;
const exitTimeoutMs = 60_000;
/** The server's multiplexer asks this often for a sign of life and waits this long for it. */
const keepAliveIntervalMs = 30_000;
const keepAliveTimeoutMs = 10_000;

/** What to execute; the real server passes no arguments. */
export interface PluginCommand {
  file: string;
  args?: readonly string[];
}

export interface PluginProcessOptions {
  command: PluginCommand;
  /** The server's working directory: plugins inherit it. */
  directory: string;
  environment?: Readonly<Record<string, string>>;
  clock: Clock;
  onLog: (line: HostLogLine) => void;
  onViolation: (text: string) => void;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** A started plugin and the connection to it, from exec to its exit. */
export class PluginProcess {
  readonly connection: PluginConnection;
  /** From exec to the handshake line. */
  readonly handshakeMs: number;
  readonly pid: number;
  /** Resolves with how the process ended. */
  readonly exited: Promise<string>;
  readonly #child: Child;
  readonly #clock: Clock;
  readonly #stopKeepAlive = new AbortController();
  #hasExited = false;

  private constructor(
    child: Child,
    clock: Clock,
    exited: Promise<string>,
    socket: Socket,
    handshakeMs: number,
  ) {
    this.#child = child;
    this.#clock = clock;
    this.exited = exited;
    this.handshakeMs = handshakeMs;
    this.pid = child.pid ?? 0;
    this.connection = new PluginConnection(socket, clock);
    void exited.then(() => {
      this.#hasExited = true;
      this.#stopKeepAlive.abort();
    });
    void this.#keepAlive();
  }

  /** Executes the plugin, reads its handshake line and connects. A failure leaves no process. */
  static async start(options: PluginProcessOptions): Promise<PluginProcess> {
    const { command, clock } = options;
    const startedMs = clock.monotonicMs();
    const child = spawn(command.file, command.args ?? [], {
      cwd: options.directory,
      env: { ...process.env, ...options.environment, ...handshakeEnvironment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = exitOf(child);
    readStderr(child, options);
    try {
      const handshake = await readHandshake(child, clock, exited);
      const handshakeMs = clock.monotonicMs() - startedMs;
      const socket = await connect(handshake);
      return new PluginProcess(child, clock, exited, socket, handshakeMs);
    } catch (error) {
      child.kill('SIGKILL');
      await exited;
      throw error;
    }
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** Asks the plugin to quit, hangs up, and kills it when it does not go in time. */
  async kill(): Promise<void> {
    this.#stopKeepAlive.abort();
    // A plugin that has crashed cannot answer; the rest is the same.
    await this.connection.quit().catch(() => this.connection.session.close());
    const stop = new AbortController();
    const timeout = sleep(this.#clock, exitTimeoutMs, stop.signal).then(() => 'timeout');
    const outcome = await Promise.race([this.exited, timeout]);
    stop.abort();
    if (outcome === 'timeout' && !this.#hasExited) this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** Kills the process without a word, as a crash would. */
  async crash(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  async #keepAlive(): Promise<void> {
    const { signal } = this.#stopKeepAlive;
    const { session } = this.connection;
    for (;;) {
      await sleep(this.#clock, keepAliveIntervalMs, signal);
      if (signal.aborted) return;
      const answered = session.ping().then(
        () => true,
        () => false,
      );
      const silent = sleep(this.#clock, keepAliveTimeoutMs, signal).then(() => false);
      if (await Promise.race([answered, silent])) continue;
      session.close();
      return;
    }
  }
}

function exitOf(child: Child): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit status ${String(code)}`));
  });
}

function readStderr(child: Child, options: PluginProcessOptions): void {
  const reader = new StderrReader(options.onLog, options.onViolation);
  child.stderr.on('data', (chunk: Uint8Array) => reader.push(chunk));
  child.stderr.once('end', () => reader.end());
}

async function readHandshake(
  child: Child,
  clock: Clock,
  exited: Promise<string>,
): Promise<Handshake> {
  const stop = new AbortController();
  try {
    const line = await Promise.race([
      firstLine(child),
      exited.then((how) => fail(`plugin exited before we could connect: ${how}`)),
      sleep(clock, startTimeoutMs, stop.signal).then(() =>
        fail('timeout while waiting for plugin to start'),
      ),
    ]);
    return parseHandshake(line);
  } finally {
    stop.abort();
  }
}

/** What follows the first line is drained and thrown away, as the server does. */
function firstLine(child: Child): Promise<string> {
  return new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', resolve);
  });
}

function fail(message: string): never {
  throw new Error(message);
}

function connect(handshake: Handshake): Promise<Socket> {
  const { network, address } = handshake;
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket =
      network === 'unix' ? createConnection(address) : createConnection(Number(port), host);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
