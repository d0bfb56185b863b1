// Takes pictures of the console part in the states that matter, for looking at:
//   node test/e2e/screenshots.ts <directory>
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { buildWebapp } from '../../build/webapp.ts';
import { startBrowser } from './browser.ts';
import type { FakeApi } from './fake-api.ts';
import { startFakeSite } from './fake-site.ts';

const DAY = 86_400_000;
const directory = process.argv[2] ?? 'dist/screenshots';

type Step = (page: Page, api: FakeApi) => Promise<void>;

/** The states in the order an administrator may meet them; each builds on the one before. */
const steps: { name: string; height: number; reach: Step }[] = [
  {
    name: 'empty',
    height: 1_340,
    reach: async (page) => {
      await page.getByText('No dumps yet.').waitFor();
    },
  },
  {
    name: 'running',
    height: 1_540,
    reach: async (page, api) => {
      api.addReady({ archive: Buffer.alloc(34_812_345), createdAtMs: Date.now() - 3 * DAY });
      await page.getByRole('button', { name: 'Download metrics dump' }).click();
      await page.getByText('Waiting for its turn').waitFor();
      api.advance(api.dumps[0]?.id ?? '', 42, 'rewriting');
      await page.getByText('Running, 42%').waitFor();
    },
  },
  {
    name: 'ready',
    height: 1_540,
    reach: async (page, api) => {
      const [dump] = api.dumps;
      api.finish(dump?.id ?? '', Buffer.alloc(36_341_760));
      await page.getByText('The dump is ready').first().waitFor();
    },
  },
  {
    name: 'failed',
    height: 1_900,
    reach: async (page, api) => {
      breakThings(api);
      await page.getByRole('button', { name: 'Last hour' }).click();
      await page.getByText('Waiting for its turn').waitFor();
      api.fail(api.dumps[0]?.id ?? '', {
        code: 'DUMP_DISK_FULL',
        message: 'The disk below the data directory is full. Free 40 MiB and try again.',
        detail: 'ENOSPC: no space left on device, write',
      });
      await page.getByText('Free 40 MiB').first().waitFor();
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByText('Needs attention').waitFor();
    },
  },
  {
    name: 'delete',
    height: 1_900,
    reach: async (page) => {
      await page
        .getByRole('button', { name: /^Delete dump of/ })
        .first()
        .click();
      await page.getByRole('dialog').waitFor();
    },
  },
];

function breakThings(api: FakeApi): void {
  api.status.state = 'degraded';
  api.status.targets.up = 1;
  api.status.problems = [
    {
      code: 'TARGET_DOWN',
      severity: 'error',
      message: 'mattermost-1:9100 has not answered since 10:02.',
      advice: 'Start the node exporter on that host, or switch its collection off below.',
    },
    {
      code: 'DISK_ALMOST_FULL',
      severity: 'warning',
      message: 'The disk below the data directory is almost full.',
      advice: 'Make room, or choose a shorter retention.',
      link: '/admin_console/environment/file_storage',
    },
  ];
  const target = api.targets[1];
  if (target !== undefined) {
    target.state = 'down';
    target.lastError = { code: 'SCRAPE_REFUSED', message: 'Connection refused.', detail: '' };
  }
}

mkdirSync(directory, { recursive: true });
const { file } = await buildWebapp({ outDir: directory, minify: true });
const site = await startFakeSite({ bundleFile: file });
const browser = await startBrowser();
try {
  const page = await browser.newPage({ timezoneId: 'Europe/Berlin', locale: 'en-US' });
  await page.goto(site.pageUrl);
  for (const { name, height, reach } of steps) {
    await page.setViewportSize({ width: 1_180, height });
    await reach(page, site.api);
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(directory, `${name}.png`), animations: 'disabled' });
  }
} finally {
  await browser.close();
  await site.close();
}
