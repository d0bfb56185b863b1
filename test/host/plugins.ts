import { mkdir, mkdtemp, rename, rm, writeFile, cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RpcHandlers } from '../../lib/netrpc/index.ts';
import type { Clock } from '../../lib/runtime/index.ts';
import { AppError } from './app-error.ts';
import type { Database } from './database.ts';
import type { HostLogLine } from './log-lines.ts';
import { ManagedPlugin } from './managed-plugin.ts';
import { executableOf, meetsServerVersion, readManifest, type Manifest } from './manifest.ts';
import type { PluginCommand } from './plugin-process.ts';
import { unpackBundle } from './unpack.ts';
import { installWebapp } from './webapp-bundle.ts';

export interface PluginsOptions {
  /** The server's working directory. */
  directory: string;
  serverVersion: string;
  clock: Clock;
  /** Replaces the executable of the manifest. */
  command?: (manifest: Manifest, bundleDirectory: string) => PluginCommand;
  environment?: Readonly<Record<string, string>>;
  isHealthChecked: boolean;
  api: (manifest: Manifest, bundleDirectory: string) => RpcHandlers;
  database?: Database;
  /** Whether the configuration has the plugin enabled, and how that is changed. */
  isEnabled: (id: string) => boolean;
  setEnabled: (id: string, isEnabled: boolean) => void;
  log: (line: HostLogLine) => void;
  violation: (text: string) => void;
}

interface Installed {
  plugin: ManagedPlugin;
  /** Where the browser finds the webapp. */
  webappPath: string | undefined;
}

/** The installed plugins of one server. */
export class Plugins {
  readonly #options: PluginsOptions;
  readonly #installed = new Map<string, Installed>();

  constructor(options: PluginsOptions) {
    this.#options = options;
  }

  /** Unpacks an uploaded bundle; with `force` over an installed version. Enabled ones start. */
  async install(bundle: Uint8Array, force: boolean): Promise<Manifest> {
    const temporary = await mkdtemp(join(tmpdir(), 'plugintmp'));
    try {
      const { directory, skipped } = await unpackBundle(bundle, temporary);
      for (const name of skipped) this.#say('warn', `Skipping unsupported entry ${name}`);
      const manifest = await readManifest(directory);
      const target = await this.#place(manifest, directory, force);
      await this.#storeBundle(manifest.id, bundle);
      await this.#register(manifest, target);
      return manifest;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  /** Installs what is already unpacked, as a developer's directory is; nothing is copied. */
  async installDirectory(directory: string): Promise<Manifest> {
    const manifest = await readManifest(directory);
    await this.#register(manifest, resolve(directory));
    return manifest;
  }

  /** Starts a plugin and remembers that it is to run. A failure to start is its state. */
  async enable(id: string): Promise<void> {
    const { plugin } = this.#require(id);
    this.#options.setEnabled(plugin.manifest.id, true);
    // The server answers at once with success; the reason of a failure is in the statuses.
    await this.#activate(plugin).catch(() => undefined);
  }

  async disable(id: string): Promise<void> {
    const { plugin } = this.#require(id);
    this.#options.setEnabled(plugin.manifest.id, false);
    await plugin.deactivate();
  }

  async remove(id: string): Promise<void> {
    const { plugin } = this.#require(id);
    await plugin.deactivate();
    this.#installed.delete(plugin.manifest.id);
    await rm(join(this.#options.directory, 'plugins', plugin.manifest.id), {
      recursive: true,
      force: true,
    });
  }

  get(id: string): ManagedPlugin | undefined {
    return this.#installed.get(id.toLowerCase())?.plugin;
  }

  webappPath(id: string): string | undefined {
    return this.#installed.get(id.toLowerCase())?.webappPath;
  }

  all(): ManagedPlugin[] {
    return [...this.#installed.values()].map(({ plugin }) => plugin);
  }

  async stop(): Promise<void> {
    await Promise.all(this.all().map((plugin) => plugin.deactivate()));
  }

  async #activate(plugin: ManagedPlugin): Promise<void> {
    const { serverVersion } = this.#options;
    if (!meetsServerVersion(plugin.manifest, serverVersion)) {
      const wanted = plugin.manifest.min_server_version ?? '';
      this.#say('error', `plugin requires Mattermost ${wanted}: ${plugin.manifest.id}`);
      throw new Error(`plugin requires Mattermost ${wanted}`);
    }
    await plugin.activate();
  }

  async #place(manifest: Manifest, directory: string, force: boolean): Promise<string> {
    const existing = this.#installed.get(manifest.id);
    if (existing !== undefined && !force) {
      throw new AppError({
        id: 'app.plugin.install_id.app_error',
        where: 'installExtractedPlugin',
        status: 400,
        message: 'Unable to install plugin. A plugin with the same ID is already installed.',
      });
    }
    await existing?.plugin.deactivate();
    const target = join(this.#options.directory, 'plugins', manifest.id);
    await rm(target, { recursive: true, force: true });
    await mkdir(join(this.#options.directory, 'plugins'), { recursive: true });
    await rename(directory, target).catch(async (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      await cp(directory, target, { recursive: true });
    });
    await writeFile(join(target, '.filestore'), '');
    return target;
  }

  /** The server keeps the bundle in its file store, beside everybody's data. */
  async #storeBundle(id: string, bundle: Uint8Array): Promise<void> {
    const store = join(this.#options.directory, 'data', 'plugins');
    await mkdir(store, { recursive: true });
    await writeFile(join(store, `${id}.tar.gz`), bundle);
  }

  async #register(manifest: Manifest, bundleDirectory: string): Promise<void> {
    const { options, id } = { options: this.#options, id: manifest.id };
    const clientDirectory = join(options.directory, 'client', 'plugins');
    const webappPath = await installWebapp(manifest, bundleDirectory, clientDirectory);
    const plugin = new ManagedPlugin({
      manifest,
      bundleDirectory,
      serverDirectory: options.directory,
      command: this.#command(manifest, bundleDirectory),
      clock: options.clock,
      api: options.api(manifest, bundleDirectory),
      isHealthChecked: options.isHealthChecked,
      log: options.log,
      violation: options.violation,
      ...(options.database === undefined ? {} : { database: options.database }),
      ...(options.environment === undefined ? {} : { environment: options.environment }),
    });
    this.#installed.set(id, { plugin, webappPath });
    if (options.isEnabled(id)) await this.#activate(plugin).catch(() => undefined);
  }

  #command(manifest: Manifest, bundleDirectory: string): PluginCommand {
    const { command } = this.#options;
    if (command !== undefined) return command(manifest, bundleDirectory);
    return { file: join(bundleDirectory, executableOf(manifest)) };
  }

  #require(id: string): Installed {
    const installed = this.#installed.get(id.toLowerCase());
    if (installed !== undefined) return installed;
    throw new AppError({
      id: 'app.plugin.not_installed.app_error',
      where: 'Plugins',
      status: 404,
      message: 'Plugin is not installed.',
    });
  }

  #say(level: HostLogLine['level'], message: string): void {
    this.#options.log({ level, message, source: 'host', fields: {} });
  }
}
