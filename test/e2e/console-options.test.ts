import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { axeViolations } from './axe.ts';
import {
  browserTest,
  ConsoleBrowser,
  dumpAsked,
  expectNoComplaint,
  formCounts,
  primary,
} from './console-fixture.ts';
import type { FakeApi } from './fake-api.ts';
import { clusterStatus, clusterTargets } from './fixture-status.ts';

const HOUR = 3_600_000;
const consoleBrowser = new ConsoleBrowser();

const options = (page: Page) => page.locator('.mmx-options');
const download = (page: Page) => page.getByRole('button', { name: 'Download this dump' });
const preview = (page: Page) => page.getByRole('button', { name: 'Preview what leaves' });
const estimates = (api: FakeApi) =>
  api.requests.filter((request) => request.startsWith('GET /dumps/estimate?'));

function threeNodes(api: FakeApi): void {
  api.status = clusterStatus(Date.now());
  api.targets = clusterTargets(Date.now());
}

/** Chooses one of everything. */
async function chooseAll(page: Page): Promise<void> {
  await page.getByText('Options', { exact: true }).click();
  await page.getByLabel('mattermost-3').check();
  await page.getByLabel('mattermost-1').check();
  await page.getByLabel('node Machine (node exporter)', { exact: true }).check();
  await page.getByLabel('Metric names').fill('go_*\nnode_cpu_seconds_total');
  await page.getByLabel('Samples', { exact: true }).selectOption('300');
  await page.getByLabel('Redact hosts and ids').check();
}

const chosen = {
  nodes: ['mattermost-1', 'mattermost-3'],
  jobs: ['node'],
  metrics: ['go_*', 'node_cpu_seconds_total'],
  stepSeconds: 300,
  redaction: 'hosts-and-ids',
};

browserTest('asks for what is chosen under Options, and shows it in the list', async () => {
  const { page, api, complaints } = await consoleBrowser.open({ prepare: threeNodes });
  await page.getByText('No dumps yet.').waitFor();
  await chooseAll(page);
  expect(await options(page).locator('summary').innerText()).toMatch(
    /Hosts: mattermost-1, mattermost-3 · Jobs: node · Metrics: go_\*, node_cpu_seconds_total · One sample every 5\smin · Hosts and ids redacted/,
  );
  expect(await axeViolations(page)).toEqual([]);
  await download(page).click();
  await dumpAsked(page);
  expect(api.asked).toEqual([expect.objectContaining(chosen)]);
  const row = page.getByRole('table', { name: 'Dumps' }).locator('tbody tr').first();
  expect(await row.locator('.mmx-notes li').allInnerTexts()).toEqual([
    'Hosts: mattermost-1, mattermost-3',
    'Jobs: node',
    'Metrics: go_*, node_cpu_seconds_total',
    expect.stringMatching(/^One sample every 5\smin$/),
    'Hosts and ids redacted',
  ]);
  expect(await row.getByText('Download aliases').count()).toBe(0);
  const archive = page.waitForEvent('download');
  api.finish(api.dumps[0]?.id ?? '', Buffer.from('an archive'));
  await archive;
  const aliases = page.waitForEvent('download');
  await row.getByRole('link', { name: /^Download aliases dump of/ }).click();
  const file = await aliases;
  expect(file.suggestedFilename()).toMatch(/^mattermost-metrics_.+_aliases\.json$/);
  expect(JSON.parse(readFileSync(await file.path(), 'utf8'))).toEqual({
    aliases: { 'host-0011223344556677': 'mattermost-1' },
  });
  expect(await formCounts(page)).toEqual({ submits: 0, saves: 0 });
  expectNoComplaint(complaints);
});

/** Whether a mouse would meet an element in its middle. */
const isSeen = (page: Page, selector: string) =>
  page.evaluate(`(() => {
    const element = document.querySelector(${JSON.stringify(selector)});
    const { left, top, width, height } = element.getBoundingClientRect();
    return element.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  })()`);

browserTest('shows what becomes of a dump to who asks for it below unfolded options', async () => {
  const { page, api } = await consoleBrowser.open({
    prepare: threeNodes,
    viewport: { width: 1_280, height: 600 },
  });
  await page.getByText('No dumps yet.').waitFor();
  await page.getByText('Options', { exact: true }).click();
  await download(page).click();
  await dumpAsked(page);
  expect(await isSeen(page, '.mmx-working')).toBe(true);

  api.troubledPath = /^POST \/dumps$/;
  api.trouble = {
    kind: 'api',
    status: 429,
    error: { code: 'DUMP_QUEUE_FULL', message: 'Five dumps wait already.', detail: '' },
  };
  await preview(page).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Download this dump' }).click();
  await page.getByText('Five dumps wait already.', { exact: true }).waitFor();
  expect(await isSeen(page, '.mmx-in-view .mmx-notice__title')).toBe(true);
});

browserTest('estimates what is chosen, and only what was chosen last', async () => {
  const { page, api } = await consoleBrowser.open({ prepare: threeNodes, hasFakeClock: true });
  await page.getByText('No dumps yet.').waitFor();
  await chooseAll(page);
  expect(estimates(api)).toEqual([]);
  await page.clock.runFor(499);
  await page.getByLabel('Redact hosts and ids').uncheck();
  await page.clock.runFor(499);
  expect(estimates(api)).toEqual([]);
  await page.clock.runFor(1);
  await page
    .getByText(/^About 1\.67\sMiB, 3M samples of 11,043 series, ready in about 4\ss\.$/)
    .waitFor();
  expect(estimates(api)).toHaveLength(1);
  const { searchParams } = new URL(estimates(api)[0]?.slice('GET '.length) ?? '', 'http://x');
  expect(searchParams.getAll('nodes')).toEqual(chosen.nodes);
  expect(searchParams.getAll('jobs')).toEqual(chosen.jobs);
  expect(searchParams.getAll('metrics')).toEqual(chosen.metrics);
  expect(searchParams.get('stepSeconds')).toBe('300');
  expect(searchParams.get('redaction')).toBeNull();
  await page.getByRole('button', { name: 'Reset the options' }).click();
  await page.clock.runFor(500);
  await page.getByText(/^About 33\.4\sMiB/).waitFor();
  expect(await options(page).locator('summary').innerText()).toContain('as it is');
});

browserTest('estimates a dump for whoever comes near it, before anything is pressed', async () => {
  const { page, api, complaints } = await consoleBrowser.open({ prepare: threeNodes });
  await page.getByText('No dumps yet.').waitFor();
  expect(estimates(api)).toEqual([]);
  const estimated = page.getByText(/^About 33\.4\sMiB, 59\.9M samples/);
  await primary(page).hover();
  await estimated.waitFor();
  expect(estimates(api)).toHaveLength(1);
  const { searchParams } = new URL(estimates(api)[0]?.slice('GET '.length) ?? '', 'http://x');
  const lengthMs = Number(searchParams.get('to')) - Number(searchParams.get('from'));
  expect(lengthMs).toBe(24 * HOUR);
  await download(page).focus();
  await estimated.nth(1).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  expect(api.dumps).toEqual([]);
  expectNoComplaint(complaints);
});

for (const width of [1_280, 320]) {
  browserTest(`moves nothing when it estimates, at ${String(width)} px`, async () => {
    const viewport = { width, height: 1_000 };
    const { page } = await consoleBrowser.open({ prepare: threeNodes, viewport });
    await page.getByText('No dumps yet.').waitFor();
    const tops = async () => {
      const form = await page.locator('.mmx-range').boundingBox();
      const list = await page.getByRole('table', { name: 'Dumps' }).boundingBox();
      const start = await primary(page).boundingBox();
      return [form, list].map((box) => (box?.y ?? 0) - (start?.y ?? 0));
    };
    const before = await tops();
    const estimated = page.getByText(/^About 33\.4\sMiB, 59\.9M samples/);
    await primary(page).hover();
    await estimated.waitFor();
    await page.locator('.mmx-preset').first().hover();
    await estimated.nth(1).waitFor();
    expect(await tops()).toEqual(before);
  });
}

browserTest(
  'says what the server would refuse before anybody clicks, also in the preview',
  async () => {
    const { page, api } = await consoleBrowser.open();
    await page.getByText('No dumps yet.').waitFor();
    api.troubledPath = /estimate/;
    const message = 'The filter of the dump cannot be used: "metrics" has more than 20 entries.';
    api.trouble = {
      kind: 'api',
      status: 400,
      error: { code: 'DUMP_FILTER_INVALID', message, detail: '' },
    };
    await page.getByText('Options', { exact: true }).click();
    await page.getByLabel('Metric names').fill('a '.repeat(21));
    await page.getByText(message).waitFor();

    api.troubledPath = /preview/;
    await preview(page).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(message, { exact: true }).waitFor();
    const start = dialog.getByRole('button', { name: 'Download this dump' });
    expect(await start.isDisabled()).toBe(true);
    api.trouble = null;
    await dialog.getByRole('button', { name: 'Try again' }).click();
    await dialog.getByRole('table', { name: 'Labels' }).waitFor();
    expect(await start.isDisabled()).toBe(false);
  },
);

browserTest(
  'takes what came since the last restart, and offers no choice of one host',
  async () => {
    const { page, api } = await consoleBrowser.open();
    await page.getByText('Options', { exact: true }).click();
    await page.getByRole('group', { name: 'Jobs' }).waitFor();
    expect(await page.getByRole('group', { name: 'Hosts' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Since the last restart' }).click();
    await download(page).click();
    await dumpAsked(page);
    const [{ from, to } = { from: 0, to: 0 }] = api.asked;
    expect(from).toBe(api.status.restartedAtMs);
    expect(to - from).toBeGreaterThan(76 * HOUR);
  },
);

browserTest('says why the last restart cannot be chosen, and of a failure what to do', async () => {
  const { page } = await consoleBrowser.open({
    prepare: (api) => {
      api.status.restartedAtMs = null;
      const { id } = api.addReady({ archive: Buffer.from('x') });
      api.fail(id, { code: 'DUMP_STORE_FULL', message: 'The file store is full.', detail: 'y' });
    },
  });
  await page.getByText(/^When the Mattermost server was last restarted is not known/).waitFor();
  const restart = page.getByRole('button', { name: 'Since the last restart' });
  expect(await restart.isDisabled()).toBe(true);
  const notes = page.getByRole('table', { name: 'Dumps' }).locator('tbody tr').nth(1);
  await notes.getByText('The file store is full.', { exact: true }).waitFor();
  expect(await notes.innerText()).toContain('check its settings and its free space');
  expect(await notes.getByRole('link', { name: 'Open File Storage' }).getAttribute('href')).toBe(
    '/admin_console/environment/file_storage',
  );
});

browserTest('previews what leaves, and what of it would be redacted', async () => {
  const { page, api, complaints } = await consoleBrowser.open({ prepare: threeNodes });
  await page.getByText('No dumps yet.').waitFor();
  await preview(page).click();
  const dialog = page.getByRole('dialog', { name: 'What leaves this server' });
  await dialog.getByText(/^The dump would hold 11,043 series of 4 metrics from 2 hosts/).waitFor();
  expect(await page.evaluate('document.activeElement.textContent')).toBe('What leaves this server');
  expect(await dialog.innerText()).toContain('Nothing is redacted.');
  expect(await dialog.getByRole('status').innerText()).toBe('The preview is ready.');
  expect(await dialog.getByText('db1.internal.example.com').count()).toBe(1);
  const labels = dialog.getByRole('table', { name: 'Labels' });
  expect(await labels.locator('tbody tr').first().innerText()).toMatch(
    /handler\s+as it is\s+412\s+getPing, createPost, getChannelStats/,
  );
  await dialog.getByText('4 metrics, by name').click();
  expect(await dialog.innerText()).toMatch(/mattermost_api_time_bucket\s+5,412/);
  expect(await axeViolations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Preview what leaves');

  await chooseAll(page);
  await preview(page).press('Enter');
  await dialog.getByText('What is marked “as an alias” is replaced.', { exact: false }).waitFor();
  expect(await labels.locator('tbody tr').nth(2).innerText()).toMatch(/instance.+as an alias/s);
  expect(api.asked.at(-1)).toMatchObject(chosen);
  expect(api.dumps).toEqual([]);
  await dialog.getByRole('button', { name: 'Download this dump' }).click();
  await dialog.waitFor({ state: 'detached' });
  await dumpAsked(page);
  expect(api.dumps[0]?.redaction).toBe('hosts-and-ids');
  expect(await formCounts(page)).toEqual({ submits: 0, saves: 0 });
  expectNoComplaint(complaints);
});

browserTest('previews labels in rows of few lines at 320 px', async () => {
  const viewport = { width: 320, height: 800 };
  const { page } = await consoleBrowser.open({ prepare: threeNodes, viewport });
  await page.getByText('No dumps yet.').waitFor();
  await preview(page).click();
  const examples = page.locator('.mmx-preview__examples');
  await examples.first().waitFor();
  const heights = await examples.evaluateAll((cells) =>
    cells.map((cell) => (cell as unknown as { offsetHeight: number }).offsetHeight),
  );
  expect(heights).toHaveLength(4);
  expect(Math.max(...heights)).toBeLessThanOrEqual(64);
});

browserTest('offers hosts that are gone when the range has data of them', async () => {
  const { page, api, complaints } = await consoleBrowser.open({ prepare: threeNodes });
  await page.getByText('No dumps yet.').waitFor();
  const choices = () => api.requests.filter((request) => request.startsWith('GET /dumps/choices?'));
  const jobs = page.getByRole('group', { name: 'Jobs' });
  api.choices = { hosts: ['mattermost-0', 'mattermost-1'], jobs: ['node'], isCut: false };
  expect(choices()).toEqual([]);
  await page.getByText('Options', { exact: true }).click();
  const gone = page.getByLabel('mattermost-0 (no longer collected)');
  await gone.check();
  const hosts = page.getByRole('group', { name: 'Hosts' });
  expect(await hosts.getByRole('checkbox').count()).toBe(2);
  expect(await jobs.count()).toBe(0);
  expect(choices()).toHaveLength(1);
  expect(await axeViolations(page)).toEqual([]);

  // Another range has nothing of it: what is chosen stays, to be given up.
  api.choices = { hosts: ['mattermost-1', 'mattermost-2'], jobs: ['node'], isCut: false };
  await page.getByRole('button', { name: '15 minutes' }).click();
  await page.getByLabel('mattermost-2').waitFor();
  expect(await hosts.getByRole('checkbox').count()).toBe(3);
  await gone.uncheck();
  expect(await gone.and(page.locator(':focus')).count()).toBe(1);

  // Without an answer, what is collected now.
  api.troubledPath = /choices/;
  api.trouble = { kind: 'cut' };
  await page.getByRole('button', { name: '1 hour' }).click();
  await page.getByLabel('mattermost-3').waitFor();
  expect(await hosts.getByRole('checkbox').count()).toBe(4);
  expectNoComplaint(complaints);
});
