import type { Clock, Timer } from '../../lib/runtime/index.ts';
import { RpcServer, type RpcHandlers } from '../../lib/netrpc/index.ts';
import type { Database } from './database.ts';
import { HooksClient } from './hooks-client.ts';
import type { HostLogLine } from './log-lines.ts';
import type { Manifest } from './manifest.ts';
import { PluginProcess, type PluginCommand } from './plugin-process.ts';
import { driverHandlers } from './driver-server.ts';
import { goStyle } from './wire.ts';

/** States of a plugin, by the server's numbers. */
export const pluginState = {
  notRunning: 0,
  starting: 1,
  running: 2,
  failedToStart: 3,
  failedToStayRunning: 4,
  stopping: 5,
} as const;
export type PluginState = (typeof pluginState)[keyof typeof pluginState];

const healthIntervalMs = 30_000;
const pingTries = 3;
/** So many failures within this time end the plugin for good. */
const maxFailures = 3;
const failureMemoryMs = 60 * 60_000;

export interface ManagedPluginOptions {
  manifest: Manifest;
  /** Directory of the unpacked bundle. */
  bundleDirectory: string;
  /** The server's working directory. */
  serverDirectory: string;
  command: PluginCommand;
  environment?: Readonly<Record<string, string>>;
  clock: Clock;
  api: RpcHandlers;
  /** What a driver answers from; without it no connection is given. */
  database?: Database;
  isHealthChecked: boolean;
  log: (line: HostLogLine) => void;
  violation: (text: string) => void;
}

/** A plugin that is up: its process and what can be called. */
export interface ActivePlugin {
  process: PluginProcess;
  hooks: HooksClient;
}

/** One installed plugin under supervision: activation, health check, restart, deactivation. */
export class ManagedPlugin {
  readonly manifest: Manifest;
  readonly bundleDirectory: string;
  readonly #options: ManagedPluginOptions;
  #state: PluginState = pluginState.notRunning;
  #error = '';
  #active: ActivePlugin | undefined;
  #healthTimer: Timer | undefined;
  readonly #failuresMs: number[] = [];
  /** Activations and deactivations run one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ManagedPluginOptions) {
    this.#options = options;
    this.manifest = options.manifest;
    this.bundleDirectory = options.bundleDirectory;
  }

  get state(): PluginState {
    return this.#state;
  }

  /** Why the plugin is not running. */
  get error(): string {
    return this.#error;
  }

  /** Undefined until OnActivate has returned, as for the server's other hooks. */
  get active(): ActivePlugin | undefined {
    return this.#active;
  }

  /** Starts the plugin unless it runs. A failure becomes its state and error, and is thrown. */
  activate(): Promise<void> {
    return this.#inTurn(() => this.#activate());
  }

  /** Lets the plugin finish and ends its process. */
  deactivate(): Promise<void> {
    return this.#inTurn(() => this.#deactivate(pluginState.notRunning));
  }

  /** What the server's health job does every 30 s. */
  checkHealth(): Promise<void> {
    return this.#inTurn(() => this.#checkHealth());
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(run);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #activate(): Promise<void> {
    if (this.#state === pluginState.running) return;
    this.#state = pluginState.starting;
    this.#error = '';
    let process: PluginProcess | undefined;
    try {
      process = await this.#start();
      const hooks = await this.#activateProcess(process);
      this.#active = { process, hooks };
      this.#state = pluginState.running;
      this.#planHealthCheck();
    } catch (error) {
      await process?.kill();
      this.#state = pluginState.failedToStart;
      this.#error = error instanceof Error ? error.message : String(error);
      this.#say('error', `Unable to activate plugin: ${this.#error}`);
      throw error;
    }
  }

  #start(): Promise<PluginProcess> {
    const { command, serverDirectory, environment, clock, log, violation } = this.#options;
    return PluginProcess.start({
      command,
      directory: serverDirectory,
      clock,
      onLog: log,
      onViolation: violation,
      ...(environment === undefined ? {} : { environment }),
    });
  }

  async #activateProcess(process: PluginProcess): Promise<HooksClient> {
    const { connection } = process;
    const hooks = new HooksClient(await connection.dispense('hooks'), this.#options.clock);
    await hooks.fetchImplemented();
    const { api, database, violation } = this.#options;
    const refusal = await hooks.onActivate(
      this.#lend(process, api),
      this.#lend(process, driverHandlers(database, violation)),
    );
    if (refusal !== undefined) throw new Error(refusal);
    return hooks;
  }

  /** Serves an API to the plugin under a fresh number. */
  #lend(process: PluginProcess, handlers: RpcHandlers): number {
    const { broker } = process.connection;
    const id = broker.nextId();
    broker.accept(id).then(
      (stream) => new RpcServer(stream, handlers, goStyle),
      (error: unknown) => this.#say('error', `API connection ${String(id)}: ${String(error)}`),
    );
    return id;
  }

  async #deactivate(state: PluginState): Promise<void> {
    this.#healthTimer?.cancel();
    const active = this.#active;
    this.#active = undefined;
    if (active === undefined) {
      this.#state = state;
      return;
    }
    this.#state = pluginState.stopping;
    try {
      const error = await active.hooks.onDeactivate();
      if (error !== undefined) this.#say('error', `Plugin OnDeactivate() error: ${error}`);
    } catch (error) {
      this.#say('error', `RPC call OnDeactivate to plugin failed: ${String(error)}`);
    }
    await active.process.kill();
    this.#state = state;
  }

  #planHealthCheck(): void {
    if (!this.#options.isHealthChecked) return;
    this.#healthTimer = this.#options.clock.setTimer(healthIntervalMs, () => {
      // A restart that fails is in the state and the log.
      void this.checkHealth().catch(() => undefined);
    });
  }

  async #checkHealth(): Promise<void> {
    this.#healthTimer?.cancel();
    const active = this.#active;
    if (active === undefined) return;
    if (await this.#answers(active)) {
      this.#planHealthCheck();
      return;
    }
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#failuresMs.push(nowMs);
    const recent = this.#failuresMs.filter((atMs) => atMs > nowMs - failureMemoryMs);
    if (recent.length >= maxFailures) {
      this.#say('error', 'Deactivating plugin due to multiple crashes');
      await this.#deactivate(pluginState.failedToStayRunning);
      return;
    }
    this.#say('warn', 'Health check failed, restarting plugin');
    await this.#deactivate(pluginState.notRunning);
    await this.#activate();
  }

  async #answers({ process }: ActivePlugin): Promise<boolean> {
    for (let attempt = 0; attempt < pingTries; attempt++) {
      const isAnswered = await process.connection.ping().then(
        () => true,
        () => false,
      );
      if (isAnswered) return true;
    }
    return false;
  }

  #say(level: HostLogLine['level'], message: string): void {
    const fields = { plugin_id: this.manifest.id };
    this.#options.log({ level, message, source: 'host', fields });
  }
}
