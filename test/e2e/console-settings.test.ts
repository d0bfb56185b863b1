import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { declarations } from '../../server/settings/index.ts';
import { axeViolations } from './axe.ts';
import {
  announce,
  browserTest,
  ConsoleBrowser,
  dumpAsked,
  eventually,
  expectNoComplaint,
  primary,
  tellHost,
} from './console-fixture.ts';
import { PLUGIN_ID } from './fake-site.ts';
import { refusedSave } from './fixture-status.ts';

const consoleBrowser = new ConsoleBrowser();

const interval = (page: Page) => page.getByLabel('Collect every (seconds):');
const save = (page: Page) => page.getByRole('button', { name: 'Save' });

browserTest('shows every setting once, with help, bounds, default and its name', async () => {
  const { page, complaints } = await consoleBrowser.open();
  await page.getByText('Working', { exact: true }).waitFor();
  for (const declaration of declarations) {
    const row = page.locator(`.form-group[data-key="${declaration.key}"]`);
    expect([declaration.key, await row.count()]).toEqual([declaration.key, 1]);
    const text = await row.innerText();
    expect(text).toContain(declaration.displayName);
    expect(text).toContain(declaration.helpText);
    // By which problems, a refused save and the environment call it.
    expect(text).toContain(declaration.key);
    expect([declaration.key, text]).toEqual([
      declaration.key,
      expect.stringMatching(
        declaration.kind === 'number' ? /From \d[^.]* to \d[^.]*; by default \d/ : /default/i,
      ),
    ]);
  }
  expectNoComplaint(complaints);
});

browserTest('shows the sentence with which a save is refused, and saves what is good', async () => {
  const { page, api, server, complaints } = await consoleBrowser.open();
  await page.getByText('Working', { exact: true }).waitFor();
  await tellHost(page, 'openSocket');
  const alert = page.locator('#mmx-refused').getByRole('alert');
  expect(await alert.count()).toBe(0);
  await interval(page).fill('301');
  await save(page).click();
  await page.getByText('An error occurred running the plugin hook').waitFor();
  expect(server.settings).toEqual({});
  expect(await save(page).isEnabled()).toBe(true);
  const [reason = ''] = server.refused;
  api.status.problems = [refusedSave(reason)];
  await announce(page, 'status');
  await alert.getByText('ScrapeIntervalSeconds: must be from 1 to 300.').waitFor();
  expect(await axeViolations(page)).toEqual([]);

  await interval(page).fill('20');
  await save(page).click();
  await page.locator('.save-button:disabled').waitFor();
  api.status.problems = [];
  await announce(page, 'status');
  await alert.waitFor({ state: 'detached' });
  expectNoComplaint(complaints);
  expect(server.settings).toMatchObject({ scrapeintervalseconds: 20 });
  await page.reload();
  await interval(page).waitFor();
  expect(await interval(page).inputValue()).toBe('20');
});

browserTest('disables the settings alone for those who may change none of them', async () => {
  const { page, api, complaints } = await consoleBrowser.open({ query: '?settings=readonly' });
  await page.getByText('Working', { exact: true }).waitFor();
  const enabled = page.locator('.form-group :is(input, textarea):not(:disabled)');
  expect(await enabled.count()).toBe(0);
  await page.getByRole('button', { name: 'Sync now' }).click();
  await page.getByText('Every finished block is in the file store now.').waitFor();
  await primary(page).click();
  await dumpAsked(page);
  expect(api.dumps).toHaveLength(1);
  expectNoComplaint(complaints);
});

browserTest('says which settings the environment decides, which the host disables', async () => {
  const { page, server, complaints } = await consoleBrowser.open({
    prepare: (_api, mattermost) => {
      mattermost.environment = {
        PluginSettings: { Plugins: { [PLUGIN_ID]: { scrapeintervalseconds: true } } },
      };
    },
  });
  await page
    .getByText('These settings are decided by the server’s environment: scrapeintervalseconds.')
    .waitFor();
  expect(await interval(page).isDisabled()).toBe(true);
  expect(await page.getByLabel('Give up after (seconds):').isEnabled()).toBe(true);
  // What real servers know: one variable for the settings of all plugins, which the host shows nowhere.
  server.environment = { PluginSettings: { Plugins: true } };
  await page.reload();
  await page.getByText('The settings below are decided by the server’s environment.').waitFor();
  await page.getByText(/variable that begins with MM_PLUGINSETTINGS_PLUGINS/).waitFor();
  expect(await interval(page).isEnabled()).toBe(true);
  expectNoComplaint(complaints);
});

browserTest(
  'tells who saves which settings, and what was refused counts for the next save',
  async () => {
    const { page, api, server, complaints } = await consoleBrowser.open();
    await page.getByText('Working', { exact: true }).waitFor();
    const announced = async (count: number) => {
      await eventually(() => api.announcedSaves.length === count);
      return api.announcedSaves.at(-1);
    };
    await interval(page).fill('20');
    await page.getByRole('radio', { name: 'False' }).first().check();
    // What is typed into our own forms is no setting.
    await page.getByText('Options', { exact: true }).click();
    await page.getByLabel('Metric names').fill('go_*');
    await save(page).click();
    expect(await announced(1)).toEqual(['enablenodeexportertargets', 'scrapeintervalseconds']);

    await page.locator('.save-button:disabled').waitFor();
    await page.getByLabel('Data directory:').fill('/var/metrics');
    await interval(page).fill('301');
    await save(page).click();
    expect(await announced(2)).toEqual(['dbpath', 'scrapeintervalseconds']);
    await page.getByText('An error occurred running the plugin hook').waitFor();
    expect(server.refused).toHaveLength(1);
    await interval(page).fill('30');
    await save(page).click();
    expect(await announced(3)).toEqual(['dbpath', 'scrapeintervalseconds']);

    await page.locator('.save-button:disabled').waitFor();
    await page.getByLabel('Secrets of these:').fill('db bearer 0123456789abcdef');
    await save(page).click();
    expect(await announced(4)).toEqual(['customtargetsecrets']);
    expectNoComplaint(complaints);
  },
);

browserTest('saves all the same when the plugin does not hear who it is', async () => {
  const { page, api, server, complaints } = await consoleBrowser.open();
  await page.getByText('Working', { exact: true }).waitFor();
  api.troubledPath = /settings\/saved$/;
  for (const [seconds, trouble] of [
    ['20', { kind: 'cut' }],
    ['21', { kind: 'foreign', status: 502, body: 'Bad Gateway' }],
  ] as const) {
    api.trouble = trouble;
    await interval(page).fill(seconds);
    await save(page).click();
    await page.locator('.save-button:disabled').waitFor();
    expect(server.settings).toMatchObject({ scrapeintervalseconds: Number(seconds) });
    await eventually(() => api.requests.filter((route) => route.endsWith('saved')).length > 0);
  }
  expect(api.announcedSaves).toEqual([]);
  expectNoComplaint(complaints);
});
