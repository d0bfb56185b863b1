import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { systemClock } from '../../lib/runtime/index.ts';
import { startExporter, type Exporter } from '../host/exporter.ts';
import { Cluster, startHost, type Host } from '../host/index.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { testNeeding } from '../programs.ts';
import { startBrowser } from './browser.ts';
import { consolePagePath, consolePages } from './console-pages.ts';

export const pluginId = manifest.id;

/** Plugins are unpacked and started, troubles are waited for, on a busy machine. */
export const siteTimeoutMs = 360_000;

/** What a site needs of the machine. */
export const siteNeeds = { programs: ['chromium'], files: [hostBundle] };

/** `test` for what takes minutes on a site: with `SOAK=1` alone. */
export const soakTest = process.env['SOAK'] === '1' ? testNeeding(siteNeeds) : test.skip;

/** One step of the browser, and how long a trouble may take to be seen on a busy machine. */
const stepTimeoutMs = 150_000;

const repository = resolve(import.meta.dirname, '../..');

export interface SiteOptions {
  /** Nodes; one is a server without a cluster. */
  nodes?: number;
  /** How wrong the clock of the last node is. Its plugin then runs from source. */
  clockShiftMs?: number;
  /** The plugin's settings besides the interval. */
  settings?: Record<string, string | number | boolean>;
}

/** How somebody looks at the page. */
export interface Look {
  locale?: string;
  theme?: 'light' | 'dark';
  width?: number;
}

/** The built plugin on stand-ins of one site, each with its synthetic metrics, and a browser. */
export class Site {
  readonly directory: string;
  readonly hosts: Host[] = [];
  readonly cluster: Cluster | undefined;
  readonly #exporters: Exporter[] = [];
  readonly #options: SiteOptions;
  #browser: Browser | undefined;

  private constructor(directory: string, options: SiteOptions) {
    this.directory = directory;
    this.#options = options;
    const { nodes = 1 } = options;
    this.cluster = nodes === 1 ? undefined : new Cluster(systemClock);
  }

  static async start(options: SiteOptions = {}): Promise<Site> {
    const site = new Site(await mkdtemp(join(tmpdir(), 'site-')), options);
    try {
      await site.#start();
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { nodes = 1 } = this.#options;
    let port = 0;
    for (let number = 1; number <= nodes; number++) {
      const address = `127.0.0.${String(number)}`;
      // One port for all, as the configuration that they share says.
      const exporter = await startExporter({ profile: 'idle', address, port, seed: number });
      this.#exporters.push(exporter);
      ({ port } = exporter);
      this.hosts.push(await this.#startHost(address, port, number === nodes));
    }
    for (const host of this.hosts) {
      await host.installPlugin(hostBundle);
      await host.enable(pluginId);
    }
    this.#browser = await startBrowser();
  }

  async #startHost(name: string, port: number, isLast: boolean): Promise<Host> {
    const { clockShiftMs = 0, settings = {} } = this.#options;
    const { cluster } = this;
    const directory = join(this.directory, name);
    await mkdir(directory);
    return startHost({
      directory,
      ...(cluster && { place: { cluster, hostname: name } }),
      ...(isLast && clockShiftMs !== 0 && shifted(clockShiftMs)),
      configuration: {
        MetricsSettings: { Enable: true, ListenAddress: `:${String(port)}` },
        ClusterSettings: {
          ...{ Enable: cluster !== undefined, ClusterName: cluster?.name ?? '' },
          ...{ OverrideHostname: cluster ? name : '', ReadOnlyConfig: false },
        },
        FileSettings: { DriverName: 'local', Directory: join(this.directory, 'files') },
        PluginSettings: {
          EnableHealthCheck: false,
          Plugins: {
            [pluginId]: {
              scrapeintervalseconds: 2,
              scrapetimeoutseconds: 1,
              enablenodeexportertargets: false,
              ...settings,
            },
          },
        },
      },
    });
  }

  /** Opens the plugin's page of a node as an administrator. */
  async open(
    host: Host,
    { locale = 'en', theme = 'light', width = 1_280 }: Look = {},
  ): Promise<Page> {
    if (this.#browser === undefined) throw new Error('the site has not started');
    const setCookies = host.logIn().cookies;
    host.pages = consolePages({ pluginId, setCookies, hasSocket: true });
    const context = await this.#browser.newContext({ viewport: { width, height: 2_400 } });
    context.setDefaultTimeout(stepTimeoutMs);
    const page = await context.newPage();
    await page.goto(`${host.url}${consolePagePath(pluginId)}?locale=${locale}&theme=${theme}`);
    return page;
  }

  /**
   * Takes pictures of the overview as it is now, for looking at: in both languages and themes, wide and
   * narrow. Only with `PICTURES=<directory>`.
   */
  async picture(host: Host, name: string): Promise<void> {
    const directory = process.env['PICTURES'] ?? '';
    if (directory === '') return;
    await mkdir(directory, { recursive: true });
    for (const locale of ['en', 'de']) {
      for (const theme of ['light', 'dark'] as const) {
        for (const width of [1_280, 320]) {
          const page = await this.open(host, { locale, theme, width });
          await page.locator('.mmx-health').waitFor();
          const overview = page.locator('#mmx-overview');
          const file = `${name}-${locale}-${theme}-${String(width)}.png`;
          await overview.screenshot({ path: join(directory, file), animations: 'disabled' });
          await page.context().close();
        }
      }
    }
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    for (const host of this.hosts) await host.stop();
    for (const exporter of this.#exporters) await exporter.close();
    await rm(this.directory, { recursive: true, force: true });
    expect(this.hosts.flatMap(({ violations }) => violations)).toEqual([]);
  }
}

function shifted(byMs: number): Pick<Parameters<typeof startHost>[0], 'command' | 'environment'> {
  const clock = join(repository, 'test/host/shifted-clock.ts');
  return {
    command: () => ({
      file: process.execPath,
      args: ['--import', clock, join(repository, 'server/main.ts')],
    }),
    environment: { TEST_CLOCK_SHIFT_MS: String(byMs) },
  };
}
