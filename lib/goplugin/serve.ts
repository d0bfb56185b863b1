import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import type { ByteStream } from '../bytes/index.ts';
import { emptyStruct, uint } from '../gob/index.ts';
import { type RpcHandlers, RpcServer, type RpcServerOptions, rpcMethod } from '../netrpc/index.ts';
import { endsWithin, sleep, systemClock, type Clock, type Timer } from '../runtime/index.ts';
import { YamuxSession } from '../yamux/index.ts';
import { MuxBroker } from './broker.ts';
import { GoPluginError } from './errors.ts';
import { type HandshakeTerms, checkEnvironment, handshakeLine } from './handshake.ts';
import { hangUpGraceMs, hostConnectTimeoutMs, quitFlushMs, quitWorkMs } from './limits.ts';
import { type HostListener, listenForHost } from './listener.ts';
import type { PluginProcess } from './process.ts';
import { removeStaleSockets } from './stale-sockets.ts';

export interface ServePluginOptions extends HandshakeTerms {
  process: PluginProcess;
  clock?: Clock;
  /** What each plugin name serves; called when the host dispenses it. */
  services: Readonly<Record<string, (broker: MuxBroker) => RpcHandlers>>;
  /** How services answer: the types that may stand in interface values, and limits. */
  rpc?: RpcServerOptions;
  /** The host asked us to quit and has its answer; the process ends when this settles, at most 1.5 s later. */
  onQuit?: () => Promise<void>;
  /** The connection ended without that; the process ends likewise. */
  onHostGone?: (reason: Error) => Promise<void>;
}

/** A plugin whose handshake line is out. */
export interface ServedPlugin {
  socketPath: string;
  /** Removes the socket and exits; the first call decides the code. */
  exit(code: number): Promise<void>;
}

/**
 * Makes the process a plugin: checks who started it, listens, prints the handshake line, serves one
 * host, and ends the process when the host is done with it. When it cannot start it says why on
 * stderr, exits with 1, and rejects.
 */
export async function servePlugin(options: ServePluginOptions): Promise<ServedPlugin> {
  const { process } = options;
  const server = new PluginServer(options);
  try {
    checkEnvironment(process.env, options);
    process.ignoreSignals();
    await server.listen();
  } catch (error) {
    process.writeError(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
    throw error;
  }
  return server;
}

class PluginServer implements ServedPlugin {
  readonly #options: ServePluginOptions;
  readonly #clock: Clock;
  #listener: HostListener | undefined;
  #session: YamuxSession | undefined;
  #broker: MuxBroker | undefined;
  #absence: Timer | undefined;
  /** Streams the host opened; the first three have a fixed meaning. */
  #inboundStreams = 0;
  #exiting: Promise<void> | undefined;
  #isQuitting = false;
  #isLeaving = false;

  constructor(options: ServePluginOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get socketPath(): string {
    return this.#listener?.path ?? '';
  }

  async listen(): Promise<void> {
    const { process, protocolVersion } = this.#options;
    const wanted = process.env['PLUGIN_UNIX_SOCKET_DIR'];
    const directories = process.socketDirectories();
    if (wanted !== undefined && wanted !== '') directories.unshift(wanted);
    this.#listener = await listenForHost(directories, (socket) => this.#connect(socket));
    process.writeHandshake(handshakeLine(process.env, protocolVersion, this.#listener.path));
    // It never rejects, and nobody waits for it.
    void removeStaleSockets(dirname(dirname(this.#listener.path)), this.#clock.nowMs());
    this.#absence = this.#clock.setTimer(hostConnectTimeoutMs, () => {
      void this.#leave(new GoPluginError('GOPLUGIN_HOST_ABSENT', 'no host has connected'));
    });
  }

  exit(code: number): Promise<void> {
    this.#exiting ??= this.#exit(code);
    return this.#exiting;
  }

  async #exit(code: number): Promise<void> {
    this.#absence?.cancel();
    try {
      await this.#listener?.close();
    } catch (error) {
      // The socket stays behind in its private directory; that must not keep the process.
      this.#options.process.writeError(`cannot remove the socket: ${String(error)}\n`);
    }
    this.#session?.close();
    this.#options.process.exit(code);
  }

  #connect(socket: Socket): void {
    this.#absence?.cancel();
    const session = new YamuxSession(socket, {
      role: 'server',
      clock: this.#clock,
      onStream: (stream) => this.#receive(stream),
    });
    this.#session = session;
    this.#broker = new MuxBroker(this.#clock, session);
    void session.closed.then((cause) => this.#hostGone(cause));
  }

  #receive(stream: ByteStream): void {
    switch (this.#inboundStreams++) {
      case 0:
        this.#serveControl(stream);
        break;
      case 1: // Redirected stdout.
      case 2: // Redirected stderr. We write to neither, but they must stay open.
        void drain(stream);
        break;
      default:
        void this.#broker?.receive(stream);
    }
  }

  #serveControl(stream: ByteStream): void {
    this.#watch(
      new RpcServer(stream, {
        'Control.Ping': rpcMethod(emptyStruct, () => ({})),
        'Control.Quit': rpcMethod(emptyStruct, () => {
          void this.#quit();
          return {};
        }),
        'Dispenser.Dispense': rpcMethod(uint, (name) => this.#dispense(name)),
      }),
    );
  }

  /**
   * A service that ended alone, as by a message that cannot be, leaves a process that looks alive
   * and does nothing: it must go, so that the host starts another.
   */
  #watch(server: RpcServer): void {
    void server.closed.then(async (cause) => {
      await sleep(this.#clock, hangUpGraceMs);
      if (this.#isQuitting) return;
      const text = `a service ended: ${cause.message}`;
      await this.#leave(new GoPluginError('GOPLUGIN_HOST_GONE', text, { cause }));
    });
  }

  #dispense(name: unknown): number {
    const broker = this.#broker;
    const services = new Map(Object.entries(this.#options.services));
    const service = typeof name === 'string' ? services.get(name) : undefined;
    if (service === undefined || broker === undefined) {
      throw new Error(`unknown plugin type: ${String(name)}`);
    }
    const id = broker.nextId();
    broker.accept(id).then(
      (stream) => {
        this.#watch(new RpcServer(stream, service(broker), this.#options.rpc));
      },
      // The host asked for it and did not come: without hooks this process is of no use.
      (error: unknown) => void this.#leave(error as Error),
    );
    return id;
  }

  /** The answer to `Quit` leaves while the work of quitting runs. */
  async #quit(): Promise<void> {
    if (this.#isQuitting) return;
    this.#isQuitting = true;
    const hungUp = this.#session?.closed ?? Promise.resolve();
    await Promise.all([
      this.#bounded(() => this.#options.onQuit?.()),
      endsWithin(this.#clock, quitFlushMs, hungUp),
    ]);
    await this.exit(0);
  }

  #hostGone(cause: Error): void {
    const text = `the connection to the host ended: ${cause.message}`;
    const reason = new GoPluginError('GOPLUGIN_HOST_GONE', text, { cause });
    this.#broker?.close(reason);
    if (!this.#isQuitting) void this.#leave(reason);
  }

  async #leave(reason: Error): Promise<void> {
    if (this.#isLeaving || this.#exiting !== undefined) return;
    this.#isLeaving = true;
    await this.#bounded(() => this.#options.onHostGone?.(reason));
    await this.exit(1);
  }

  /** Runs `work` for at most as long as a quitting plugin may; a failure of it is written down. */
  async #bounded(work: () => Promise<void> | undefined): Promise<void> {
    try {
      await endsWithin(this.#clock, quitWorkMs, Promise.resolve(work()));
    } catch (error) {
      this.#options.process.writeError(`while quitting: ${String(error)}\n`);
    }
  }
}

/** Reads what nobody wants, until the peer ends or the session does. */
async function drain(stream: ByteStream): Promise<void> {
  try {
    while ((await stream.read()) !== undefined);
    await stream.end();
  } catch {
    // The session is over; its owner knows.
  }
}
