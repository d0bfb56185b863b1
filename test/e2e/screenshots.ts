// Takes pictures of the console part in the states that matter, for looking at:
//   node test/e2e/screenshots.ts <directory>
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { buildWebapp } from '../../build/webapp.ts';
import { startBrowser } from './browser.ts';
import { buildConsoleScript, react18 } from './console-pages.ts';
import type { FakeApi } from './fake-api.ts';
import { tellTheWorst } from './fixture-sentences.ts';
import { startFakeSite } from './fake-site.ts';
import { closeExporters } from './fixture-many-down.ts';
import { clusterStatus, clusterTargets, metricsDisabled } from './fixture-status.ts';

const DAY = 86_400_000;
const directory = process.argv[2] ?? 'dist/screenshots';

interface Picture {
  name: string;
  /** What the server says. */
  prepare: (api: FakeApi) => void;
  query?: string;
  width?: number;
  height: number;
  /** Brings the page into its state; by default nothing is left to do. */
  reach?: (page: Page, api: FakeApi) => Promise<void>;
}

function healthy(api: FakeApi): void {
  api.addReady({ archive: Buffer.alloc(34_812_345), createdAtMs: Date.now() - 3 * DAY });
  api.addReady({
    archive: Buffer.alloc(4_731_904),
    createdAtMs: Date.now() - DAY,
    warnings: ['mattermost-1:9100 did not answer for 4 minutes.'],
  });
}

function cluster(api: FakeApi): void {
  healthy(api);
  api.status = clusterStatus(Date.now());
  api.targets = clusterTargets(Date.now());
}

function broken(api: FakeApi): void {
  healthy(api);
  api.status.state = 'degraded';
  api.status.targets.up = 1;
  api.status.problems = [
    metricsDisabled,
    {
      code: 'SCRAPE_REFUSED',
      severity: 'error',
      message:
        'No data from mattermost-1:9100 (node, http://mattermost-1:9100/metrics): The connection was refused.',
      advice: 'Check that the exporter runs and that its port is open to this server.',
    },
    {
      code: 'SYNC_DISK_SHORT',
      severity: 'warning',
      message: 'The disk below the data directory is almost full.',
      advice: 'Make room, or choose a shorter retention.',
      link: '/admin_console/environment/file_storage',
    },
  ];
  const target = api.targets[1];
  if (target !== undefined) {
    target.state = 'down';
    target.recent = target.recent.map((scrape, i) => ({ ...scrape, isUp: i < 48 }));
    target.lastError = {
      code: 'SCRAPE_REFUSED',
      message: 'The connection was refused.',
      detail: '',
    };
  }
}

function manyDown(api: FakeApi): void {
  healthy(api);
  closeExporters(api, 100);
}

/** A cluster whose dumps left something out, and one that failed. */
function variedDumps(api: FakeApi): void {
  cluster(api);
  api.addReady({
    archive: Buffer.alloc(1_204_112),
    createdAtMs: Date.now() - DAY / 2,
    filter: { nodes: ['mattermost-2'], jobs: [], metrics: ['mattermost_http_*', 'go_*'] },
    stepSeconds: 300,
    redaction: 'hosts-and-ids',
  });
  const { id } = api.addReady({ archive: Buffer.alloc(1), createdAtMs: Date.now() - DAY / 4 });
  api.fail(id, {
    code: 'DUMP_STORE_FULL',
    message: 'The file store is full: make room there, then try again.',
    detail: 'ENOSPC',
  });
}

async function chooseOptions(page: Page): Promise<void> {
  await page.getByText('Options', { exact: true }).click();
  await page.getByLabel('mattermost-2').check();
  await page.getByLabel('Metric names').fill('mattermost_http_*\ngo_*');
  await page.getByLabel('Samples', { exact: true }).selectOption('300');
  await page.getByLabel('Redact hosts and ids').check();
  await page.locator('#mmx-dumps').scrollIntoViewIfNeeded();
}

const pictures: Picture[] = [
  { name: 'single', prepare: healthy, height: 1_620 },
  { name: 'cluster', prepare: cluster, height: 2_000 },
  { name: 'problems', prepare: broken, height: 2_050 },
  { name: 'many-down', prepare: manyDown, height: 1_300 },
  { name: 'many-down-german', prepare: manyDown, query: '?locale=de', height: 1_300 },
  {
    name: 'enable',
    prepare: broken,
    height: 1_000,
    reach: async (page) => {
      await page.getByRole('button', { name: 'Enable performance monitoring' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'dumps',
    prepare: healthy,
    height: 1_000,
    reach: async (page, api) => {
      await page.getByRole('button', { name: 'Download metrics dump' }).click();
      await page.getByText('Waiting for its turn').waitFor();
      api.advance(api.dumps[0]?.id ?? '', 42, 'rewriting');
      await page.getByText('Running, 42%').waitFor();
      await page.locator('#mmx-dumps').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'failed',
    prepare: healthy,
    height: 1_000,
    reach: async (page, api) => {
      await page.getByRole('button', { name: 'Download metrics dump' }).click();
      await page.getByText('Waiting for its turn').waitFor();
      api.fail(api.dumps[0]?.id ?? '', {
        code: 'DUMP_DISK_FULL',
        message: 'The disk below the data directory is full. Free 40 MiB and try again.',
        detail: 'ENOSPC: no space left on device, write',
      });
      await page.getByText('Free 40 MiB').first().waitFor();
      await page.locator('#mmx-dumps').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'options',
    prepare: variedDumps,
    height: 1_500,
    reach: async (page) => {
      await chooseOptions(page);
      await page.getByText('ready in about').waitFor();
    },
  },
  {
    name: 'preview',
    prepare: cluster,
    height: 1_300,
    reach: async (page) => {
      await chooseOptions(page);
      await page.getByRole('button', { name: 'Preview what leaves' }).click();
      await page.getByText('The dump would hold').waitFor();
    },
  },
  {
    name: 'preview-dark',
    prepare: cluster,
    query: '?theme=dark',
    height: 1_300,
    reach: async (page) => {
      await chooseOptions(page);
      await page.getByRole('button', { name: 'Preview what leaves' }).click();
      await page.getByText('The dump would hold').waitFor();
      await page.getByText('4 metrics, by name').click();
    },
  },
  {
    name: 'preview-narrow',
    prepare: cluster,
    query: '?locale=de',
    width: 320,
    height: 900,
    reach: async (page) => {
      await page.getByRole('button', { name: 'Zeigen, was hinausgeht' }).click();
      await page.getByText('Der Dump enthielte').waitFor();
    },
  },
  {
    name: 'options-dark',
    prepare: variedDumps,
    query: '?theme=dark',
    height: 1_500,
    reach: async (page) => {
      await chooseOptions(page);
      await page.getByText('ready in about').waitFor();
    },
  },
  {
    name: 'options-narrow',
    prepare: variedDumps,
    query: '?locale=de',
    width: 320,
    height: 2_600,
    reach: async (page) => {
      await page.getByText('Optionen', { exact: true }).click();
      await page.getByLabel('mattermost-2').check();
      await page.getByLabel('Hosts und Ids schwärzen').check();
      await page.locator('#mmx-dumps').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'readonly',
    prepare: (api) => {
      variedDumps(api);
      api.status.can.write = false;
    },
    height: 1_000,
    reach: async (page) => {
      await page.locator('#mmx-dumps').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'settings',
    prepare: healthy,
    height: 3_200,
    reach: async (page) => {
      await page.getByText('Settings: collecting').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'german-trouble',
    prepare: (api) => {
      tellTheWorst(api, Date.now());
    },
    query: '?locale=de',
    height: 3_300,
    reach: unfold,
  },
  { name: 'german', prepare: cluster, query: '?locale=de', height: 2_050 },
  { name: 'dark', prepare: broken, query: '?theme=dark', height: 2_050 },
  { name: 'narrow', prepare: broken, width: 320, height: 3_600 },
  { name: 'narrow-german', prepare: healthy, query: '?locale=de', width: 320, height: 3_200 },
];

/** Opens what is folded away, but for what support wants. */
async function unfold(page: Page): Promise<void> {
  for (const summary of await page.locator('.mmx-table summary').all()) await summary.click();
}

mkdirSync(directory, { recursive: true });
const { file } = await buildWebapp({ outDir: directory, minify: true });
const script = buildConsoleScript(react18);
const browser = await startBrowser();
try {
  for (const { name, prepare, query = '', width = 1_180, height, reach } of pictures) {
    const site = await startFakeSite({ bundleFile: file, script });
    prepare(site.api);
    const page = await browser.newPage({ timezoneId: 'Europe/Berlin', locale: 'en-US' });
    await page.setViewportSize({ width, height });
    await page.goto(site.pageUrl + query);
    await page.locator('#mmx-dumps tbody tr').nth(1).waitFor();
    await page.getByRole('table').first().waitFor();
    await reach?.(page, site.api);
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(directory, `${name}.png`), animations: 'disabled' });
    await page.close();
    await site.close();
  }
} finally {
  await browser.close();
}
