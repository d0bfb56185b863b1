import type { RequestListener } from 'node:http';
import type { GobValue } from '../../lib/gob/index.ts';
import type { MuxBroker, PluginProcess } from '../../lib/goplugin/index.ts';
import { type RpcCallContext, RpcClient } from '../../lib/netrpc/index.ts';
import { type Clock, sleep, systemRng } from '../../lib/runtime/index.ts';
import { RpcPluginApi } from './api.ts';
import type { HookTarget } from './hook-service.ts';
import type { Host, PluginHooks, SupportFile } from './hooks.ts';
import type { PluginClusterEvent } from './plugin-api.ts';
import { HttpBridge } from './http/index.ts';
import { hangUpGraceMs } from './limits.ts';
import type { HostLogger } from './log/index.ts';
import { registry } from './schemas.ts';
import { RpcDatabase } from './sql/index.ts';
import { Watchdog } from './watchdog.ts';

export interface PluginRuntimeOptions {
  clock: Clock;
  logger: HostLogger;
  load: () => Promise<PluginHooks>;
  /** Watches the event loop while the plugin is active. */
  guardLoop: PluginProcess['guardLoop'];
  /** Something is broken beyond repair; the process must end. */
  onFatal: (error: Error) => void;
}

/** All but the one that every plugin has. */
const optionalHooks = [
  'onDeactivate',
  'onConfigurationChange',
  'configurationWillBeSaved',
  'requestListener',
  'metricsListener',
  'generateSupportData',
  'onPluginClusterEvent',
] as const;

/** Stands between the hooks on the wire and the plugin: loads, activates and ends it. */
export class PluginRuntime implements HookTarget {
  readonly #options: PluginRuntimeOptions;
  #loading: Promise<PluginHooks> | undefined;
  /** Set once the plugin is active. */
  #hooks: PluginHooks | undefined;
  #host: Host | undefined;
  #http: HttpBridge | undefined;
  #metricsHttp: HttpBridge | undefined;
  #deactivated: Promise<void> | undefined;
  #isEnding = false;
  readonly #watchdog: Watchdog;

  constructor(options: PluginRuntimeOptions) {
    this.#options = options;
    this.#watchdog = new Watchdog(options.clock, options.logger, options.guardLoop);
  }

  /** Begins to load the plugin; its failure is told by {@link activate}. */
  load(): Promise<PluginHooks> {
    if (this.#loading !== undefined) return this.#loading;
    const loading = (async () => this.#options.load())();
    // Nobody may wait for it yet.
    loading.catch(() => undefined);
    this.#loading = loading;
    return loading;
  }

  async implemented(): Promise<ReadonlySet<keyof PluginHooks>> {
    try {
      const hooks = await this.load();
      const names = optionalHooks.filter((name) => hooks[name] !== undefined);
      return new Set<keyof PluginHooks>(['onActivate', ...names]);
    } catch {
      // The activation, which follows, says why.
      return new Set(['onActivate']);
    }
  }

  async activate(broker: MuxBroker, apiId: number, driverId: number): Promise<void> {
    const { clock, logger } = this.#options;
    // The server waits five seconds for each of the two, so loading must not come first.
    const api = new RpcClient(await broker.dial(apiId), { clock, registry });
    this.#watch(api, 'API');
    const driver =
      driverId === 0 ? undefined : new RpcClient(await broker.dial(driverId), { clock, registry });
    if (driver !== undefined) this.#watch(driver, 'database');
    logger.attach(api);
    const database = new RpcDatabase({ client: driver, clock, logger, rng: systemRng });
    const host: Host = { api: new RpcPluginApi(api), database, logger };
    this.#host = host;
    const hooks = await this.load();
    await this.#tellConfiguration(hooks, host);
    await hooks.onActivate(host);
    this.#hooks = hooks;
    this.#watchdog.start();
    // Two bridges: requests of users, which may be many, must not keep the metrics from being served.
    const bridgeTo = (listener: RequestListener) =>
      HttpBridge.create({ clock, logger, broker, listener });
    if (hooks.requestListener !== undefined) {
      this.#http = await bridgeTo((...call) => hooks.requestListener?.(...call));
    }
    if (hooks.metricsListener !== undefined) {
      this.#metricsHttp = await bridgeTo((...call) => hooks.metricsListener?.(...call));
    }
  }

  /** Once, whoever asks: the server, or the end of the connection to it. */
  deactivate(): Promise<void> {
    this.#deactivated ??= this.#deactivate();
    return this.#deactivated;
  }

  async configurationChanged(): Promise<void> {
    const [hooks, host] = [this.#hooks, this.#host];
    if (hooks !== undefined && host !== undefined) await hooks.onConfigurationChange?.(host);
  }

  async configurationWillBeSaved(
    ownSettings: Record<string, unknown> | undefined,
  ): Promise<string | undefined> {
    return this.#hooks?.configurationWillBeSaved?.(ownSettings);
  }

  async serveHttp(argument: GobValue, context: RpcCallContext): Promise<void> {
    if (this.#http === undefined) throw new Error('the plugin is not active');
    await this.#http.serve(argument, context);
  }

  async serveMetrics(argument: GobValue, context: RpcCallContext): Promise<void> {
    if (this.#metricsHttp === undefined) throw new Error('the plugin is not active');
    await this.#metricsHttp.serve(argument, context);
  }

  async generateSupportData(): Promise<SupportFile[]> {
    return (await this.#hooks?.generateSupportData?.()) ?? [];
  }

  async clusterEvent(event: PluginClusterEvent): Promise<void> {
    await this.#hooks?.onPluginClusterEvent?.(event);
  }

  /** The process ends without another word to anybody. */
  abandon(): void {
    this.#isEnding = true;
    void this.#watchdog.stop();
  }

  /** The host said goodbye or is gone: from here on closed connections are no surprise. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.deactivate();
  }

  /** As Go's plugin library: a configuration that cannot be taken does not stop the activation. */
  async #tellConfiguration(hooks: PluginHooks, host: Host): Promise<void> {
    try {
      await hooks.onConfigurationChange?.(host);
    } catch (error) {
      this.#options.logger.error('The configuration was not taken', {
        code: 'CONFIGURATION_NOT_TAKEN',
        error: error as Error,
      });
    }
  }

  async #deactivate(): Promise<void> {
    await this.#watchdog.stop();
    await this.#hooks?.onDeactivate?.();
    await this.#options.logger.flush();
  }

  /** The server never reopens a connection that it has lost. */
  #watch(client: RpcClient, name: string): void {
    void client.closed.then(async (cause) => {
      // When the whole session ends, this is not the news.
      await sleep(this.#options.clock, hangUpGraceMs);
      if (this.#isEnding) return;
      this.#options.onFatal(new Error(`the ${name} connection ended: ${cause.message}`, { cause }));
    });
  }
}
