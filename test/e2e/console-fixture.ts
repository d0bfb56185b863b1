import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect } from '@jest/globals';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { buildWebapp } from '../../build/webapp.ts';
import { testNeeding } from '../programs.ts';
import { startBrowser } from './browser.ts';
import { buildConsoleScript, react18, type ReactPackages } from './console-pages.ts';
import type { FakeApi } from './fake-api.ts';
import type { FakeServer } from './fake-server.ts';
import { PLUGIN_ID, startFakeSite, type FakeSite } from './fake-site.ts';

/** Chromium has to start and the script to be built; on a busy machine that takes its time. */
const BROWSER_TIMEOUT_MS = 240_000;

/** One step of the browser; a generous deadline costs nothing when it is met. */
const STEP_TIMEOUT_MS = 60_000;

const chromiumTest = testNeeding({ programs: ['chromium'] });

/** `test` that needs Chromium, with room for a busy machine. */
export function browserTest(title: string, run: () => Promise<void>): void {
  chromiumTest(title, run, BROWSER_TIMEOUT_MS);
}

/** The plugin's page in a browser, against a scripted API. */
export interface OpenConsole {
  page: Page;
  context: BrowserContext;
  api: FakeApi;
  server: FakeServer;
  /** What the browser complained about: console errors, exceptions, blocked scripts. */
  complaints: string[];
}

export interface OpenOptions {
  /** Runs before the browser asks for anything. */
  prepare?: (api: FakeApi, server: FakeServer) => void;
  query?: string;
  /** Time stands still until the test moves it by `page.clock`; the server's does for good. */
  hasFakeClock?: boolean;
  viewport?: { width: number; height: number };
  /** The host's React; 18 when absent. */
  react?: ReactPackages;
  /** As of a page at 200 %, whose window then holds half as much. */
  zoom?: number;
}

/** For one file of tests: one browser and one built script, started with the first page opened. */
export class ConsoleBrowser {
  readonly #basename: string;
  readonly #outDir = mkdtempSync(join(tmpdir(), 'console-'));
  #browser: Browser | null = null;
  #bundleFile = '';
  readonly #scripts = new Map<ReactPackages, Promise<string>>();
  #context: BrowserContext | null = null;
  #site: FakeSite | null = null;

  constructor(basename = '') {
    this.#basename = basename;
    afterEach(() => this.#closePage());
    afterAll(() => this.#close());
  }

  async open(options: OpenOptions = {}): Promise<OpenConsole> {
    const browser = await this.#start();
    const script = this.#scriptFor(options.react ?? react18);
    const startMs = Date.now();
    const { hasFakeClock = false } = options;
    const site = await startFakeSite({
      bundleFile: this.#bundleFile,
      basename: this.#basename,
      script,
      ...(hasFakeClock && { nowMs: () => startMs }),
    });
    this.#site = site;
    options.prepare?.(site.api, site.server);
    const context = await browser.newContext({
      viewport: zoomed(options.viewport ?? { width: 1_280, height: 1_000 }, options.zoom ?? 1),
      deviceScaleFactor: options.zoom ?? 1,
      timezoneId: 'Europe/Berlin',
      locale: 'en-US',
    });
    context.setDefaultTimeout(STEP_TIMEOUT_MS);
    this.#context = context;
    const page = await context.newPage();
    const complaints = listenForComplaints(page);
    if (hasFakeClock) {
      // It runs until it is paused, which must be ahead of it however long the browser takes.
      await page.clock.install({ time: startMs - STEP_TIMEOUT_MS });
      await page.clock.pauseAt(startMs);
    }
    await page.goto(site.pageUrl + (options.query ?? ''));
    return { page, context, api: site.api, server: site.server, complaints };
  }

  #scriptFor(packages: ReactPackages): Promise<string> {
    const script = this.#scripts.get(packages) ?? buildConsoleScript(packages);
    this.#scripts.set(packages, script);
    return script;
  }

  async #start(): Promise<Browser> {
    if (this.#browser === null) {
      const manifest = { id: PLUGIN_ID, version: '0.0.1' };
      const { file } = await buildWebapp({ outDir: this.#outDir, minify: true, manifest });
      this.#bundleFile = file;
      this.#browser = await startBrowser();
    }
    return this.#browser;
  }

  async #closePage(): Promise<void> {
    await this.#context?.close();
    await this.#site?.close();
    this.#context = null;
    this.#site = null;
  }

  async #close(): Promise<void> {
    await this.#browser?.close();
    rmSync(this.#outDir, { recursive: true });
  }
}

/** What a browser does at a zoom: fewer and larger pixels of CSS. */
function zoomed({ width, height }: { width: number; height: number }, zoom: number) {
  return { width: Math.round(width / zoom), height: Math.round(height / zoom) };
}

/** A blocked script or style shows up as a console error, so this sees breaches of the policy too. */
function listenForComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => {
    complaints.push(String(error));
  });
  return complaints;
}

/** The browser itself reports every answer that is not a success; tests of failures expect those. */
export function expectNoComplaint(complaints: string[]): void {
  expect(complaints.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
}

/** How often the console's form was submitted, and would have saved the configuration. */
export function formCounts(page: Page): Promise<{ submits: number; saves: number }> {
  return page.evaluate(() => {
    const { submits, saves } = (
      globalThis as unknown as { consoleHost: { submits: number; saves: number } }
    ).consoleHost;
    return { submits, saves };
  });
}

/** Waits until a healthy page without dumps has every first answer, so that no request is under way. */
export async function settled(page: Page): Promise<void> {
  await page.getByText('Working', { exact: true }).waitFor();
  await page.getByText('No dumps yet.').waitFor();
  await page.getByRole('table', { name: 'Targets' }).waitFor();
}

/** The button that makes and downloads a dump of the last day. */
export function primary(page: Page): Locator {
  return page.getByRole('button', { name: 'Download metrics dump' });
}

/** Waits until the server has taken the order for a dump; the page shows progress from the click on. */
export async function dumpAsked(page: Page): Promise<void> {
  await page.locator('#mmx-dumps .mmx-working__percent').waitFor();
}

/** Waits for what no element of the page shows. */
export async function eventually(isSo: () => boolean): Promise<void> {
  const untilMs = Date.now() + STEP_TIMEOUT_MS;
  while (!isSo()) {
    if (Date.now() > untilMs) {
      throw new Error(`not so within ${String(STEP_TIMEOUT_MS)} ms: ${String(isSo)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Calls one of the page's own commands. */
export async function tellHost(
  page: Page,
  command: 'show' | 'hide' | 'unload' | 'openSocket' | 'closeSocket',
): Promise<void> {
  await page.evaluate((name) => {
    (globalThis as unknown as { consoleHost: Record<string, () => void> }).consoleHost[name]?.();
  }, command);
}

/** Lets the plugin's event arrive by the host's socket. */
export async function announce(page: Page, what: string): Promise<void> {
  await page.evaluate((changed) => {
    const { consoleHost } = globalThis as unknown as {
      consoleHost: { receive: (event: string, data: object) => void };
    };
    consoleHost.receive('changed', { what: changed });
  }, what);
}
