import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { mkdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import type { GobInput } from '../../lib/gob/index.ts';
import type { RpcHandlers } from '../../lib/netrpc/index.ts';
import { systemClock, systemRng, type Clock } from '../../lib/runtime/index.ts';
import { Accounts, credentialsOf, newId, type Session, type User } from './accounts.ts';
import { apiHandlers, type AuditRecord, type WebSocketEvent } from './api-server.ts';
import { AppError } from './app-error.ts';
import { BrowserSockets } from './browser-sockets.ts';
import type { Cluster, ClusterMember } from './cluster.ts';
import type { SupportFile } from './hooks-client.ts';
import { HostRoutes } from './host-routes.ts';
import { KvStore } from './kv-store.ts';
import type { HostLogLine } from './log-lines.ts';
import type { ActivePlugin, ManagedPlugin } from './managed-plugin.ts';
import { settingDefaults, type Manifest } from './manifest.ts';
import type { PluginCommand } from './plugin-process.ts';
import { Plugins } from './plugins.ts';
import { sessionCookies } from './rest-api.ts';
import {
  changeConfiguration,
  defaultConfiguration,
  wireConfiguration,
  type ConfigurationChange,
  type ServerConfiguration,
} from './server-config.ts';
import type { license } from './wire.ts';

export interface HostOptions {
  /** The server's working directory: plugins, client files and file store lie below it. */
  directory: string;
  configuration?: ConfigurationChange;
  license?: GobInput<typeof license>;
  serverVersion?: string;
  /** Runs this in place of the manifest's executable. */
  command?: (manifest: Manifest, bundleDirectory: string) => PluginCommand;
  /** Added to the environment of plugins. */
  environment?: Readonly<Record<string, string>>;
  /** Answers what the server itself does not: a page that loads the plugin's webapp. */
  pages?: RequestListener;
  /** 0, the default, takes a free one. */
  port?: number;
  clock?: Clock;
  onLog?: (line: HostLogLine) => void;
  /** Makes the server a node of a cluster; `hostname` is where its metrics are found. */
  place?: { cluster: Cluster; hostname: string };
}

/** Log lines kept for tests; older ones are dropped. */
const maxLogLines = 10_000;
const maxEvents = 1000;

/** Starts a Mattermost stand-in on loopback. */
export async function startHost(options: HostOptions): Promise<Host> {
  const host = new Host(options);
  await host.listen(options.port ?? 0);
  return host;
}

/** A Mattermost server as far as plugins see it. */
export class Host {
  readonly directory: string;
  readonly accounts = new Accounts(systemRng);
  readonly plugins: Plugins;
  /** The log, newest last. */
  readonly logs: HostLogLine[] = [];
  /** What plugins did that would crash, break or mislead the real server. Tests want it empty. */
  readonly violations: string[] = [];
  readonly clusterEvents: { id: string; data: Uint8Array; targetId: string }[] = [];
  /** What plugins of this server have published for browsers, newest last. */
  readonly webSocketEvents: WebSocketEvent[] = [];
  /** The audit log, newest last. */
  readonly auditRecords: AuditRecord[] = [];
  /** Answers what the server itself does not. */
  pages: RequestListener | undefined;
  readonly #options: HostOptions;
  readonly #clock: Clock;
  readonly #routes: HostRoutes;
  readonly #server: Server;
  readonly #browsers = new BrowserSockets();
  /** Listeners beside it. */
  readonly #sideDoors: Server[] = [];
  readonly #kvStores = new Map<string, KvStore>();
  readonly #serverId: string;
  readonly #member: ClusterMember | undefined;
  readonly #installedAtMs: number;
  #configuration: ServerConfiguration;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#serverId = options.place?.cluster.serverId ?? newId(systemRng);
    this.#installedAtMs = this.#clock.nowMs() - 24 * 3_600_000;
    this.directory = resolve(options.directory);
    this.pages = options.pages;
    this.#configuration = changeConfiguration(defaultConfiguration(), options.configuration ?? {});
    this.#member = this.#createMember();
    this.plugins = this.#createPlugins();
    this.#routes = this.#createRoutes();
    this.#server = createServer((request, response) => void this.#routes.serve(request, response));
    this.#server.on('upgrade', (request, socket) => this.#openSocket(request, socket));
  }

  async listen(port: number): Promise<void> {
    await mkdir(join(this.directory, 'data'), { recursive: true });
    await new Promise<void>((done, failed) => {
      this.#server.once('error', failed);
      this.#server.listen(port, '127.0.0.1', done);
    });
    if (this.#member !== undefined) this.#options.place?.cluster.join(this.#member);
  }

  /** Opens the socket of local mode, whose user needs no session. */
  async listenLocally(socketPath: string): Promise<void> {
    const server = createServer((request, response) => {
      void this.#routes.serveLocally(request, response);
    });
    this.#sideDoors.push(server);
    await new Promise<void>((done, failed) => {
      server.once('error', failed);
      server.listen(socketPath, done);
    });
  }

  /** This node's id in its cluster; empty without one. */
  get clusterId(): string {
    return this.#member?.clusterId ?? '';
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  get configuration(): ServerConfiguration {
    return structuredClone(this.#configuration);
  }

  user(name: string): User {
    return this.accounts.user(name);
  }

  /** A fresh session of `admin`, `user`, or who was added. */
  logIn(username = 'admin'): Session & { cookies: string[]; headers: Record<string, string> } {
    const session = this.accounts.openSession(this.accounts.user(username));
    const headers = { Authorization: `Bearer ${session.token}` };
    return { ...session, cookies: sessionCookies(session), headers };
  }

  /** Installs a bundle from a file or from bytes, as an upload does. */
  async installPlugin(tarball: string | Uint8Array, force = true): Promise<Manifest> {
    const bundle = typeof tarball === 'string' ? await readFile(tarball) : tarball;
    return this.plugins.install(bundle, force);
  }

  /** Enables a plugin and throws its reason when it does not run then. */
  async enable(id: string): Promise<ManagedPlugin> {
    await this.plugins.enable(id);
    const plugin = this.plugin(id);
    if (plugin.active === undefined) throw new Error(`${id} does not run: ${plugin.error}`);
    return plugin;
  }

  disable(id: string): Promise<void> {
    return this.plugins.disable(id);
  }

  plugin(id: string): ManagedPlugin {
    const plugin = this.plugins.get(id);
    if (plugin === undefined) throw new Error(`${id} is not installed`);
    return plugin;
  }

  /** The process and the hooks of a running plugin. */
  active(id: string): ActivePlugin {
    const { active, error } = this.plugin(id);
    if (active === undefined) throw new Error(`${id} does not run: ${error}`);
    return active;
  }

  kv(id: string): KvStore {
    const { place } = this.#options;
    if (place !== undefined) return place.cluster.kv(id);
    let store = this.#kvStores.get(id);
    if (store === undefined) this.#kvStores.set(id, (store = new KvStore(this.#clock)));
    return store;
  }

  /** A request to a plugin as `session` (undefined: nobody), over the server's HTTP. */
  request(
    id: string,
    path: string,
    session?: { headers: Record<string, string> },
    init: RequestInit = {},
  ): Promise<Response> {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(session?.headers ?? {})) headers.set(name, value);
    return fetch(`${this.url}/plugins/${id}${path}`, { ...init, headers });
  }

  /** What the support packet would hold of this plugin. */
  generateSupportData(id: string): Promise<SupportFile[]> {
    return this.active(id).hooks.generateSupportData(newId(systemRng));
  }

  /** Saves a change as System Console does: plugins may refuse it, and learn of it afterwards. */
  async saveConfiguration(change: ConfigurationChange): Promise<void> {
    const changed = changeConfiguration(this.#configuration, change);
    const running = this.plugins.all().flatMap(({ active }) => active ?? []);
    for (const { hooks } of running) {
      const wire = wireConfiguration(changed);
      const { refusal, isAppError, hasChanged } = await hooks.configurationWillBeSaved(wire);
      if (refusal !== undefined) {
        this.#say('error', `saveConfig: ${refusal}`);
        throw refusedBySomePlugin(isAppError ? refusal : undefined);
      }
      if (hasChanged) this.#violation('a plugin sent a configuration back: it has lost its zeros');
    }
    this.#configuration = changed;
    for (const { hooks } of running) {
      const error = await hooks.onConfigurationChange();
      if (error !== undefined) this.#say('error', `Plugin OnConfigurationChange() error: ${error}`);
    }
  }

  /** Deactivates every plugin and closes the server. */
  async stop(): Promise<void> {
    await this.plugins.stop();
    this.#browsers.close();
    if (this.#member !== undefined) this.#options.place?.cluster.leave(this.#member);
    for (const server of [this.#server, ...this.#sideDoors]) {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    }
  }

  #createMember(): ClusterMember | undefined {
    const { place } = this.#options;
    if (place === undefined) return undefined;
    return {
      clusterId: newId(systemRng),
      hostname: place.hostname,
      tellBrowsers: (event) => this.#browsers.send(event),
      receive: ({ pluginId, id, data }) => {
        const active = this.plugins.get(pluginId)?.active;
        if (active === undefined || active.process.hasExited) return;
        active.hooks.onPluginClusterEvent(id, data).catch((error: unknown) => {
          this.#say('error', `RPC call OnPluginClusterEvent to plugin failed: ${String(error)}`);
        });
      },
    };
  }

  #createPlugins(): Plugins {
    const { command, environment, serverVersion, place } = this.#options;
    return new Plugins({
      directory: this.directory,
      serverVersion: serverVersion ?? defaultServerVersion,
      clock: this.#clock,
      isHealthChecked: this.#configuration.PluginSettings.EnableHealthCheck,
      api: (manifest, bundleDirectory) => this.#api(manifest, bundleDirectory),
      isEnabled: (id) => this.#configuration.PluginSettings.PluginStates[id]?.Enable === true,
      setEnabled: (id, isEnabled) => {
        this.#configuration = changeConfiguration(this.#configuration, {
          PluginSettings: { PluginStates: { [id]: { Enable: isEnabled } } },
        });
      },
      log: (line) => this.#log(line),
      violation: (text) => this.#violation(text),
      ...(place === undefined ? {} : { database: place.cluster.database }),
      ...(command === undefined ? {} : { command }),
      ...(environment === undefined ? {} : { environment }),
    });
  }

  #api(manifest: Manifest, bundleDirectory: string): RpcHandlers {
    const { place } = this.#options;
    return apiHandlers({
      pluginId: manifest.id,
      bundleDirectory,
      serverVersion: this.#options.serverVersion ?? defaultServerVersion,
      diagnosticId: this.#serverId,
      installedAtMs: this.#installedAtMs,
      license: this.#options.license,
      kv: this.kv(manifest.id),
      configuration: () => this.#configuration,
      settingDefaults: settingDefaults(manifest),
      saveOwnSettings: (settings) => {
        const Plugins = { [manifest.id]: settings };
        this.#configuration = changeConfiguration(this.#configuration, {
          PluginSettings: { Plugins },
        });
      },
      hasPermission: (...asked) => this.accounts.hasPermission(...asked),
      status: (id) => {
        const plugin = this.plugins.get(id);
        if (plugin === undefined) return undefined;
        return {
          PluginId: plugin.manifest.id,
          ClusterId: this.clusterId,
          PluginPath: plugin.bundleDirectory,
          State: plugin.state,
          Error: plugin.error,
          Name: plugin.manifest.name ?? '',
          Version: plugin.manifest.version,
        };
      },
      onClusterEvent: (event) => this.#publish(manifest.id, event),
      onAuditRecord: (record) => keep(this.auditRecords, record, maxEvents),
      onWebSocketEvent: (event) => {
        keep(this.webSocketEvents, event, maxEvents);
        this.#browsers.send(event);
        place?.cluster.publishToBrowsers(this.clusterId, event);
      },
      log: (line) => this.#log(line),
      violation: (text) => this.#violation(text),
    });
  }

  #publish(
    pluginId: string,
    event: { id: string; data: Uint8Array; targetId: string },
  ): string | undefined {
    keep(this.clusterEvents, event, maxEvents);
    const { id, data, targetId } = event;
    const { place } = this.#options;
    return place?.cluster.publish(this.clusterId, targetId, { pluginId, id, data });
  }

  #openSocket(request: IncomingMessage, socket: Duplex): void {
    const { token } = credentialsOf(request, new URLSearchParams());
    const isHere = /^\/api\/v4\/websocket(\?|$)/.test(request.url ?? '');
    if (isHere) this.#browsers.accept(request, socket, this.accounts.session(token)?.user);
    else socket.destroy();
  }

  #createRoutes(): HostRoutes {
    return new HostRoutes({
      directory: this.directory,
      accounts: this.accounts,
      plugins: this.plugins,
      configuration: () => this.#configuration,
      saveConfiguration: (change) => this.saveConfiguration(change),
      pages: () => this.pages,
      onError: (text) => this.#say('error', text),
    });
  }

  /** What the server's metrics port serves of plugins; whoever reaches it may ask. */
  get metricsPort(): RequestListener {
    return this.#routes.metricsPort;
  }

  #log(line: HostLogLine): void {
    keep(this.logs, line, maxLogLines);
    this.#options.onLog?.(line);
  }

  #violation(text: string): void {
    this.violations.push(text);
    this.#say('error', text);
  }

  #say(level: HostLogLine['level'], message: string): void {
    this.#log({ level, message, source: 'host', fields: {} });
  }
}

const defaultServerVersion = '11.2.0';

/** What a save is answered with that a plugin refuses: `told` is what the plugin's own error may say. */
function refusedBySomePlugin(told: string | undefined): AppError {
  const id = 'app.save_config.plugin_hook_error';
  const message = told ?? 'An error occurred running the plugin hook on configuration save.';
  return new AppError({ id, where: 'saveConfig', status: 400, message });
}

function keep<T>(list: T[], entry: T, most: number): void {
  list.push(entry);
  if (list.length > most) list.shift();
}
