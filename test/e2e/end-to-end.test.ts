import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { Status } from '../../api/index.ts';
import { startExporter } from '../host/exporter.ts';
import { startHost, type Host } from '../host/index.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { testNeeding } from '../programs.ts';
import { startBrowser } from './browser.ts';
import { eventually } from './console-fixture.ts';
import { consolePagePath, consolePages } from './console-pages.ts';

const { id } = manifest;
const INTERVAL_SECONDS = 2;

/** The plugin is unpacked and started, which a busy machine takes its time for. */
const TIMEOUT_MS = 240_000;
const STEP_TIMEOUT_MS = 120_000;

/** A tenth of the time between two snapshots of the head. */
const MISSED_SCRAPES_MS = 30_000;

/** The series `up` in a store's directory, as promtool reads it: time in milliseconds and value. */
function readUp(directory: string): { ms: number; value: string }[] {
  const text = execFileSync('promtool', ['tsdb', 'dump', '--match={__name__="up"}', directory], {
    encoding: 'utf8',
  });
  return [...text.matchAll(/^\{.*__name__="up".*\} (\S+) (\d+)$/gm)].map(([, value = '', ms]) => ({
    ms: Number(ms),
    value,
  }));
}

interface Running {
  host: Host;
  browser: Browser;
  /** An empty directory that goes away afterwards. */
  directory: string;
  /** Opens the plugin's page as this user; `onChange` hears of each change that the page is told of. */
  open: (username: string, onChange?: (what: string) => void) => Promise<Page>;
}

/** Runs the built plugin under a Mattermost stand-in, with a target to collect from. */
async function withPlugin(run: (running: Running) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'end-to-end-'));
  const exporter = await startExporter();
  const host = await startHost({
    directory: join(directory, 'server'),
    configuration: {
      MetricsSettings: { Enable: true, ListenAddress: `:${String(exporter.port)}` },
      PluginSettings: {
        Plugins: {
          [id]: {
            scrapeintervalseconds: INTERVAL_SECONDS,
            scrapetimeoutseconds: 1,
            enablenodeexportertargets: false,
          },
        },
      },
    },
  });
  const browser = await startBrowser();
  const open = async (username: string, onChange: (what: string) => void = () => undefined) => {
    const setCookies = host.logIn(username).cookies;
    host.pages = consolePages({ pluginId: id, setCookies, hasSocket: true });
    const context = await browser.newContext();
    context.setDefaultTimeout(STEP_TIMEOUT_MS);
    const page = await context.newPage();
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => {
        const [, what] = /^\{"event":"custom_.+_changed","data":\{"what":"(\w+)"\}/.exec(
          String(payload),
        ) ?? [null, null];
        if (what !== null) onChange(what);
      });
    });
    await page.goto(host.url + consolePagePath(id));
    return page;
  };
  try {
    await host.installPlugin(hostBundle);
    await host.enable(id);
    await run({ host, browser, directory, open });
    expect(host.violations).toEqual([]);
  } finally {
    await browser.close();
    await host.stop();
    await exporter.close();
    rmSync(directory, { recursive: true });
  }
}

const pluginTest = testNeeding({ programs: ['chromium', 'promtool'], files: [hostBundle] });

pluginTest(
  'one click in the console ends in a file that promtool reads',
  () =>
    withPlugin(async ({ directory, open }) => {
      const page = await open('admin');
      await page.getByText('Working', { exact: true }).waitFor();

      const coming = page.waitForEvent('download');
      const clickedMs = Date.now();
      await page.getByRole('button', { name: 'Download metrics dump' }).click();
      const download = await coming;
      await page.getByText('The dump is ready and your browser is downloading it.').waitFor();

      const store = join(directory, 'opened');
      mkdirSync(store);
      execFileSync('tar', ['xzf', await download.path(), '-C', store]);
      const up = readUp(store);
      expect(up.map(({ value }) => value)).toContain('1');
      // What is younger than any snapshot is in it, too; a busy machine may have missed a scrape or two.
      expect(up.at(-1)?.ms).toBeGreaterThan(clickedMs - MISSED_SCRAPES_MS);
    }),
  TIMEOUT_MS,
);

pluginTest(
  'a refused setting is explained, a saved one takes effect at once, the audit log tells who it was',
  () =>
    withPlugin(async ({ host, open }) => {
      const page = await open('admin');
      await page.getByText('every 2 seconds.').waitFor();
      await page.getByLabel('Collect every (seconds):').fill('0');
      await page.getByRole('button', { name: 'Save' }).click();
      const hosts = page.locator('.error-message');
      await hosts.getByText('Metrics plugin: ScrapeIntervalSeconds: must be').waitFor();
      await page.getByRole('button', { name: 'Refresh' }).click();
      const refusal = page.locator('#mmx-refused');
      await refusal.getByText('ScrapeIntervalSeconds: must be from 1 to 300.').waitFor();
      await page.getByLabel('Collect every (seconds):').fill('5');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.locator('.save-button:disabled').waitFor();
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByText('every 5 seconds.').waitFor();

      const denied = await open('user');
      await denied.getByText('You do not have permission to view metrics.').waitFor();

      // What changes past the console has no author.
      const settings = { scrapeintervalseconds: 5, dumpretentiondays: 9 };
      await host.saveConfiguration({ PluginSettings: { Plugins: { [id]: settings } } });
      const { id: userId } = host.accounts.user('admin');
      const told = 'announced by System Console';
      const changes = () =>
        host.auditRecords.filter(({ event }) => event === 'changeMetricsSettings');
      await eventually(() => changes().length === 3);
      expect(
        changes().map(({ parameters, status, userId }) => [status, userId, parameters['user']]),
      ).toEqual([
        ['fail', userId, told],
        ['success', userId, told],
        ['success', '', 'not announced: not known'],
      ]);
    }),
  TIMEOUT_MS,
);

pluginTest(
  'whoever may only look, by a role of theirs, hears of changes as an administrator does',
  () =>
    withPlugin(async ({ host, open }) => {
      host.accounts.add('reader', false, ['sysconsole_read_environment_performance_monitoring']);
      for (const username of ['reader', 'admin']) {
        const heard = new Set<string>();
        let onBoth = () => {};
        const both = new Promise<void>((done) => (onBoth = done));
        const page = await open(username, (what) => {
          if (heard.add(what).size === 2) onBoth();
        });
        await page.getByText('Working', { exact: true }).waitFor();
        await host.saveConfiguration({ MetricsSettings: { Enable: false } });
        await page.getByText('Performance monitoring is switched off').first().waitFor();
        const { nowMs } = (await (
          await host.request(id, '/api/v1/status', host.logIn())
        ).json()) as Status;
        const body = JSON.stringify({ from: nowMs - 60_000, to: nowMs });
        await host.request(id, '/api/v1/dumps', host.logIn(), { method: 'POST', body });
        await page.getByText('Ready', { exact: true }).first().waitFor();
        await both;
        expect([...heard].sort()).toEqual(['dumps', 'status']);
        await host.saveConfiguration({ MetricsSettings: { Enable: true } });
      }
    }),
  TIMEOUT_MS,
);
