import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { consolePages } from '../../api/console-pages.ts';
import { axeViolations } from './axe.ts';
import {
  browserTest,
  ConsoleBrowser,
  expectNoComplaint,
  formCounts,
  primary,
  type OpenConsole,
} from './console-fixture.ts';
import type { Trouble } from './fake-api.ts';
import { PLUGIN_ID } from './fake-site.ts';
import { closeExporters } from './fixture-many-down.ts';
import { settingPath } from './page/settings.ts';

const consoleBrowser = new ConsoleBrowser();

const overview = (page: Page) => page.locator('#mmx-overview');

/** What a figure of the overview says. */
async function tile(page: Page, label: string): Promise<string> {
  const figure = overview(page).locator('.mmx-tile', { hasText: label });
  return (await figure.innerText()).replaceAll('\n', ' | ').replaceAll('\u00a0', ' ');
}

function openInTrouble(trouble: Trouble): Promise<OpenConsole> {
  return consoleBrowser.open({
    hasFakeClock: true,
    prepare: (api) => {
      api.trouble = trouble;
    },
  });
}

const refusal = (status: number, code: string): Trouble => ({
  kind: 'api',
  status,
  error: { code, message: `${code} of the API`, detail: '' },
});

browserTest('says at a glance that it works, and how', async () => {
  const { page, complaints } = await consoleBrowser.open();
  await page.getByText('Working', { exact: true }).waitFor();
  expect(await overview(page).innerText()).toContain(
    'Metrics are collected from 2 targets every 15 seconds.',
  );
  expect(await tile(page, 'Mode')).toBe(
    'Mode | Single server | collects and serves dumps, plugin 0.8.0, server 11.1.0',
  );
  expect(await tile(page, 'Collecting node')).toMatch(/mattermost-1 \| since [^|]+[AP]M$/);
  expect(await tile(page, 'Targets up')).toContain('2 of 2');
  expect(await tile(page, 'Newest sample')).toMatch(/\d+ s ago/);
  expect(await tile(page, 'Oldest sample')).toContain('15 d');
  expect(await tile(page, 'Series')).toContain('11,043 | 7.91M samples in memory');
  expect(await tile(page, 'Disk')).toContain('412 MiB | 36 blocks, 41.3 GiB free');
  expect(await tile(page, 'File store')).toContain(
    'Up to date | 180 blocks, 2.1 GiB, synced 12 min ago',
  );
  const rows = page.getByRole('table', { name: 'Targets' }).locator('tbody tr');
  expect(await rows.count()).toBe(2);
  expect(await rows.first().innerText()).toMatch(
    /Mattermost server\s+prometheus, mattermost-1:8067\s+Up/,
  );
  const title = await overview(page).locator('time').first().getAttribute('title');
  expect(title).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  expectNoComplaint(complaints);
});

browserTest('counts ages on and asks again while it is looked at', async () => {
  const { page, api } = await consoleBrowser.open({ hasFakeClock: true });
  await page.getByText('Working', { exact: true }).waitFor();
  const age = async () => Number(/(\d+) s ago/.exec(await tile(page, 'Newest sample'))?.[1]);
  const [before, ageBefore] = [api.requests.length, await age()];
  await page.clock.runFor(5_000);
  expect(await age()).toBe(ageBefore + 5);
  expect(api.requests.length).toBe(before);
  const again = page.waitForResponse(/\/status$/);
  await page.clock.runFor(11_000);
  await again;
});

browserTest('puts problems first, worst first, with advice and the page to mend them', async () => {
  const { page } = await consoleBrowser.open({
    prepare: (api) => {
      api.status.state = 'degraded';
      api.status.targets.up = 1;
      api.status.problems = [
        {
          code: 'FILE_STORE_FULL',
          severity: 'warning',
          message: 'The file store is almost full.',
          advice: 'Make room.',
          link: '/admin_console/environment/file_storage',
        },
        {
          code: 'TARGET_DOWN',
          severity: 'error',
          message: 'One target is down.',
          advice: 'Start it.',
          link: 'javascript:alert(1)',
        },
      ];
      const target = api.targets[1];
      if (target !== undefined) {
        target.state = 'down';
        target.lastError = { code: 'SCRAPE_REFUSED', message: 'Refused.', detail: '' };
        target.gaps = [
          {
            job: 'node',
            instance: 'mattermost-1:9100',
            fromMs: Date.now() - 900_000,
            toMs: null,
            reason: 'SCRAPE_REFUSED',
            message: 'The connection was refused.',
            missedScrapes: 60,
          },
        ];
      }
    },
  });
  await page.getByText('Needs attention').waitFor();
  const problems = overview(page).locator('.mmx-problems li');
  expect(await problems.first().innerText()).toContain('Error: One target is down.');
  expect(await problems.first().locator('a').count()).toBe(0);
  expect(await problems.nth(1).innerText()).toContain('Make room.');
  expect(await problems.nth(1).locator('a').getAttribute('href')).toBe(
    '/admin_console/environment/file_storage',
  );
  const table = page.getByRole('table', { name: 'Targets' });
  expect(await table.innerText()).toContain('Down');
  expect(await table.innerText()).toContain('Refused. Scraping goes on by itself');
  await table.getByText('1 recent gap').click();
  expect(await table.innerText()).toContain('The connection was refused. (60 scrapes missed)');
});

/** The whole list of problems, as it is read with a hundred exporters out of reach. */
async function toldOfMany(query: string): Promise<string[]> {
  const { page, complaints } = await consoleBrowser.open({
    query,
    prepare: (api) => {
      closeExporters(api, 100);
    },
  });
  const problems = overview(page).locator('.mmx-problems li');
  await problems.first().waitFor();
  const titles = await problems.locator('.mmx-notice__title').allInnerTexts();
  // Each of them stands in the table.
  await page.getByText('node, app100.example.com:9100').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  expectNoComplaint(complaints);
  return titles;
}

browserTest('tells of a hundred targets that fail alike in one problem', async () => {
  expect(await toldOfMany('')).toEqual([
    'Error: No data from 100 targets: app1.example.com:9100 (node), app2.example.com:9100 (node), app3.example.com:9100 (node) and 97 more. The same reason for each: Nothing listens at this address.',
  ]);
});

browserTest('tells of them in German', async () => {
  expect(await toldOfMany('?locale=de')).toEqual([
    'Fehler: Keine Daten von 100 Zielen: app1.example.com:9100 (node), app2.example.com:9100 (node), app3.example.com:9100 (node) und 97 weiteren. Bei jedem derselbe Grund: Unter dieser Adresse nimmt niemand Verbindungen an.',
  ]);
});

browserTest('leads from a problem to the setting that mends it', async () => {
  const own = { severity: 'error', link: consolePages.plugin } as const;
  const { page, complaints } = await consoleBrowser.open({
    prepare: ({ status }) => {
      status.problems = [
        { ...own, code: 'A', message: 'Late.', advice: 'Raise ScrapeTimeoutSeconds.' },
        { ...own, code: 'B', message: 'No secret.', advice: 'Correct CustomTargetSecrets.' },
        { ...own, code: 'C', message: 'Off.', advice: 'Look at EnableNodeExporterTargets.' },
        { ...own, code: 'D', message: 'Something.', advice: 'Look at the settings.' },
      ];
    },
  });
  const ways = page.getByRole('button', { name: 'Go to the setting on this page' });
  await ways.nth(3).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  const focused = () => page.evaluate<string>(`document.activeElement.id`);
  for (const [i, key] of [
    'scrapetimeoutseconds',
    'customtargetsecrets',
    'enablenodeexportertargets',
  ].entries()) {
    await ways.nth(i).click();
    expect(await focused()).toBe(settingPath(PLUGIN_ID, key));
  }
  await ways.nth(3).click();
  expect(await focused()).toBe('mmx-settingscollecting');
  const top = await page.evaluate<number>(`document.activeElement.getBoundingClientRect().top`);
  expect(top).toBeGreaterThan(0);
  expect(top).toBeLessThan(page.viewportSize()?.height ?? 0);
  expect(await formCounts(page)).toEqual({ submits: 0, saves: 0 });
  expectNoComplaint(complaints);
});

browserTest('explains its words when asked', async () => {
  const { page, complaints } = await consoleBrowser.open({ query: '?locale=de' });
  const meaning = overview(page).getByText(/^Die Messwerte von zwei Stunden oder mehr/);
  await overview(page).getByText('Was diese Wörter bedeuten').waitFor();
  expect(await meaning.isVisible()).toBe(false);
  await overview(page).getByText('Was diese Wörter bedeuten').click();
  await meaning.waitFor();
  const words = await overview(page).locator('.mmx-words dt').allInnerTexts();
  expect(words).toEqual(['Ziel', 'Abruf', 'Messwert', 'Zeitreihe', 'Block', 'Epoche']);
  expect(await axeViolations(page)).toEqual([]);
  await page.setViewportSize({ width: 320, height: 800 });
  const root = `document.querySelector('#mmx-overview')`;
  expect(await page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`)).toBe(0);
  expectNoComplaint(complaints);
});

browserTest('sends nobody to an address that has answered', async () => {
  const reasons = [
    ['SCRAPE_UNREACHABLE', true],
    ['SCRAPE_TLS', true],
    ['SCRAPE_SAMPLE_LIMIT', false],
    ['SCRAPE_HTTP_401', false],
    ['SCRAPE_DISK_FULL', false],
  ] as const;
  const { page } = await consoleBrowser.open({
    prepare: (api) => {
      const [target] = api.targets;
      api.targets = reasons.map(([code]) => ({
        ...target!,
        instance: code,
        state: 'down',
        lastError: { code, message: 'Why.', detail: '' },
      }));
    },
  });
  for (const [code, isSent] of reasons) {
    const told = page.locator('.mmx-table__error').filter({ hasText: code });
    await told.waitFor();
    const text = (await told.innerText()).replaceAll(/\s+/g, ' ');
    const sent = 'Check that http://mattermost-1:8067/metrics answers from the collecting node. ';
    expect(text).toBe(
      `Why. Scraping goes on by itself; what is missed is recorded as a gap. ${isSent ? sent : ''}${code}`,
    );
  }
});

browserTest('shows a failed sync and a first start without inventing figures', async () => {
  const { page } = await consoleBrowser.open({
    prepare: (api) => {
      api.status.state = 'starting';
      api.status.newestSampleMs = null;
      api.status.oldestSampleMs = null;
      api.status.targets = { up: 0, total: 0 };
      api.status.store.freeBytes = null;
      api.status.sync.lastSuccessMs = null;
      api.status.sync.lastError = { code: 'STORE_FULL', message: 'No room.', detail: 'ENOSPC' };
      api.targets = [];
    },
  });
  await page.getByText('Starting', { exact: true }).waitFor();
  expect(await tile(page, 'Newest sample')).toBe('Newest sample | None yet');
  expect(await tile(page, 'File store')).toContain('Last sync failed');
  expect(await overview(page).innerText()).toContain(
    'The last sync with the file store failed: No room.',
  );
  await page.getByText(/^No target was found/).waitFor();
  expect(await overview(page).innerText()).not.toContain('1970');
});

browserTest('tells a file store that fails once, with what support needs', async () => {
  const { page } = await consoleBrowser.open({
    prepare: (api) => {
      api.status.sync.lastError = { code: 'STORE_DENIED', message: 'Denied.', detail: 'EACCES' };
      api.status.problems = [
        {
          ...{ code: 'SYNC_FAILED', severity: 'warning', message: 'Blocks do not reach it.' },
          ...{ advice: 'Denied.', link: '/admin_console/environment/file_storage' },
        },
      ];
    },
  });
  const problems = page.locator('.mmx-problems > li');
  await problems.getByText('Blocks do not reach it.').waitFor();
  expect(await problems.count()).toBe(1);
  await problems.getByText('Details for support').click();
  expect(await problems.innerText()).toMatch(/code: STORE_DENIED\s+detail: EACCES/);
  await page.getByText('Nothing could be copied the last time.').waitFor();
});

browserTest('asks to sign in again when the session has ended, and stops asking', async () => {
  const { page, api, complaints } = await openInTrouble(refusal(401, 'NOT_SIGNED_IN'));
  await page.getByText('Your session has ended.').waitFor();
  expect(await page.getByRole('alert').count()).toBe(1);
  expect(await page.getByRole('button', { name: 'Reload the page' }).count()).toBe(1);
  const before = api.requests.length;
  await page.clock.runFor(300_000);
  expect(api.requests.length).toBe(before);
  expectNoComplaint(complaints);
});

browserTest('says when somebody lacks the permission', async () => {
  const { page, complaints } = await openInTrouble(refusal(403, 'NO_PERMISSION'));
  await page.getByText('You do not have permission to view metrics.').waitFor();
  expect(await primary(page).count()).toBe(0);
  expectNoComplaint(complaints);
});

browserTest('says when the plugin is not running', async () => {
  const { page } = await openInTrouble({
    kind: 'foreign',
    status: 404,
    body: '404 page not found',
  });
  await page.getByText('The plugin is not running.').waitFor();
  const link = page.getByRole('link', { name: 'Open Plugin Management' });
  expect(await link.getAttribute('href')).toBe('/admin_console/plugins/plugin_management');
});

browserTest('shows a fault of the server with its code, and recovers by Try again', async () => {
  const { page, api, complaints } = await openInTrouble(refusal(500, 'STORE_BROKEN'));
  const alert = overview(page).getByRole('alert');
  await alert.waitFor();
  expect(await alert.innerText()).toContain('STORE_BROKEN of the API');
  await alert.getByText('Details for support').click();
  expect(await alert.locator('pre').innerText()).toMatch(/status: 500[^]*request: request-\d+/);
  api.trouble = null;
  await alert.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Working', { exact: true }).waitFor();
  expectNoComplaint(complaints);
});

browserTest('names an answer that it cannot read', async () => {
  const { page } = await openInTrouble({
    kind: 'foreign',
    status: 200,
    body: '<html>Sign in</html>',
  });
  await overview(page).getByText('The server failed to answer this request.').waitFor();
});

browserTest('keeps the old figures when the server cannot be reached, and comes back', async () => {
  const { page, context, api } = await consoleBrowser.open({ hasFakeClock: true });
  await page.getByText('Working', { exact: true }).waitFor();
  await context.setOffline(true);
  await page.clock.runFor(16_000);
  await overview(page).getByText('The server cannot be reached.').waitFor();
  expect(await overview(page).innerText()).toMatch(/The values below are \d+\ss old\./);
  expect(await tile(page, 'Series')).toContain('11,043');
  await context.setOffline(false);
  api.status.store.headSeries = 12_000;
  await page.clock.runFor(5_000);
  await page.getByText('12,000').waitFor();
  // The targets are asked for beside the status, and may be there a moment later.
  await overview(page).getByRole('alert').waitFor({ state: 'detached' });
});

browserTest('does not say that metrics are collected when nothing new has come', async () => {
  const { page, api } = await consoleBrowser.open({
    prepare: ({ status }) => {
      status.state = 'degraded';
      status.newestSampleMs = status.nowMs - 300_000;
      status.problems = [
        {
          code: 'CLUSTER_COLLECTOR_SILENT',
          severity: 'error',
          message: 'Silent.',
          advice: 'Look.',
        },
        { code: 'X', severity: 'warning', message: 'm', advice: 'a', node: 'mattermost-7' },
      ];
    },
  });
  await overview(page).getByText('No new sample has come for 5 min.').waitFor();
  await overview(page).getByText('says the collecting node, mattermost-7').waitFor();
  api.status.problems = [
    { code: 'TSDB_DISK_FULL', severity: 'error', message: 'Full.', advice: 'Make room.' },
  ];
  await page.getByRole('button', { name: 'Refresh' }).click();
  await overview(page).getByText('The disk is full, so nothing new is stored').waitFor();
  expect(await overview(page).getByText('says the collecting node').count()).toBe(0);
});
