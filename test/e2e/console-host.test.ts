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
  settled,
  tellHost,
} from './console-fixture.ts';

const consoleBrowser = new ConsoleBrowser();

/** Makes the console's form dirty, as somebody who edits a setting does. */
async function editSetting(page: Page): Promise<void> {
  await page.locator('input[type=number]').first().fill('30');
}

browserTest('never submits the form of the console, by click or by Enter', async () => {
  const { page, api, server } = await consoleBrowser.open({
    prepare: (prepared) => {
      prepared.addReady({ archive: Buffer.from('x'), warnings: ['A gap.'] });
      prepared.status.sync.lastError = { code: 'X', message: 'No.', detail: '' };
    },
  });
  await page.getByRole('button', { name: /^Delete dump of/ }).waitFor();
  await editSetting(page);
  for (const label of ['From', 'To']) {
    await page.getByLabel(label, { exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
  }
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByRole('button', { name: '15 minutes' }).press('Enter');
  await page.getByRole('button', { name: 'Sync now' }).click();
  await page.getByLabel('Times in').first().press('Enter');
  await page.keyboard.press('Escape');
  for (const name of ['Download this dump', 'Download metrics dump']) {
    await page.getByRole('button', { name }).click();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('button', { name: 'Close' }).click();
  }
  expect(api.dumps).toHaveLength(3);
  await page.getByText('Details for support').first().click();
  await page.getByRole('button', { name: 'Copy details' }).first().click();
  await page
    .getByRole('button', { name: /^Delete dump of/ })
    .first()
    .click();
  await page.getByRole('button', { name: 'Keep dump' }).press('Enter');
  const types = await page.evaluate<string[]>(
    `[...document.querySelectorAll('.mmx-root button')].map((button) => button.getAttribute('type'))`,
  );
  expect(new Set(types)).toEqual(new Set(['button']));
  expect(await formCounts(page)).toEqual({ submits: 0, saves: 0 });
  expect(server.configPatches).toEqual([]);

  // The frame would have noticed: Enter in a setting of the host saves.
  await page.locator('input[type=number]').first().press('Enter');
  expect(await formCounts(page)).toEqual({ submits: 1, saves: 1 });
});

browserTest('keeps the rest of the console when a part of it fails', async () => {
  const { page } = await consoleBrowser.open();
  await page.getByText('Working', { exact: true }).waitFor();
  await page.evaluate(() => {
    const { ReactIntl } = globalThis as unknown as { ReactIntl: Record<string, unknown> };
    ReactIntl['healthy'] = ReactIntl['useIntl'];
    ReactIntl['useIntl'] = () => {
      throw new Error('a fault on purpose');
    };
  });
  await tellHost(page, 'show');
  await page.getByText('This part of the page has failed.').first().waitFor();
  expect(await page.getByRole('navigation', { name: 'System Console' }).isVisible()).toBe(true);
  expect(await page.getByText('Collect every (seconds):').isVisible()).toBe(true);
  await page.getByText('Details for support').first().click();
  expect(await page.locator('.mmx-root pre').first().innerText()).toMatch(
    /plugin: com\.mattermost[^]*react: 18\.[^]*a fault on purpose/,
  );
  await page.evaluate(() => {
    const { ReactIntl } = globalThis as unknown as { ReactIntl: Record<string, unknown> };
    ReactIntl['useIntl'] = ReactIntl['healthy'];
  });
  const again = page.getByRole('button', { name: 'Try again' });
  while ((await again.count()) > 0) {
    await again.first().click();
  }
  await page.getByText('Working', { exact: true }).waitFor();
});

browserTest('asks for nothing before it is shown, and for nothing after it is gone', async () => {
  const { page, api, complaints } = await consoleBrowser.open({ hasFakeClock: true });
  await settled(page);
  const styles = page.locator('style[data-plugin]');
  expect(await styles.count()).toBe(1);
  await tellHost(page, 'hide');
  const before = api.requests.length;
  await page.clock.runFor(120_000);
  expect(api.requests.length).toBe(before);
  await tellHost(page, 'show');
  await settled(page);
  await tellHost(page, 'unload');
  expect(await styles.count()).toBe(0);
  expect(await page.locator('.mmx-root, [class^="mmx-"]').count()).toBe(0);
  const after = api.requests.length;
  await page.clock.runFor(120_000);
  expect(api.requests.length).toBe(after);
  expectNoComplaint(complaints);
});

browserTest('fits its column, and a narrow one', async () => {
  const { page } = await consoleBrowser.open({
    prepare: (prepared) => {
      prepared.addReady({ archive: Buffer.from('x') });
    },
  });
  await page.getByRole('button', { name: /^Delete dump of/ }).waitFor();
  const overflow = () =>
    page.evaluate<number[]>(
      `[...document.querySelectorAll('.mmx-root')].map((root) => root.scrollWidth - root.clientWidth)`,
    );
  expect((await page.locator('#mmx-overview').boundingBox())?.width).toBe(856);
  expect(new Set(await overflow())).toEqual(new Set([0]));
  await page.setViewportSize({ width: 640, height: 900 });
  expect(new Set(await overflow())).toEqual(new Set([0]));
});

browserTest('breaks no rule of accessibility, in any state', async () => {
  const { page, api } = await consoleBrowser.open({
    prepare: (prepared) => {
      prepared.addReady({ archive: Buffer.from('x'), warnings: ['A gap.'] });
      prepared.status.problems = [
        { code: 'A', severity: 'error', message: 'm', advice: 'a', link: '/admin_console/x' },
        { code: 'B', severity: 'warning', message: 'm', advice: 'a' },
      ];
    },
  });
  await page.getByRole('button', { name: /^Delete dump of/ }).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await primary(page).click();
  await dumpAsked(page);
  const [dump] = api.dumps;
  api.advance(dump?.id ?? '', 40, 'packing');
  await page.getByText('Running, 40%').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  api.fail(dump?.id ?? '', { code: 'X', message: 'Over.', detail: 'y' });
  await page.locator('#mmx-dumps').getByRole('alert').waitFor();
  await page
    .getByRole('button', { name: /^Delete dump of/ })
    .first()
    .click();
  await page.getByRole('dialog').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  api.troubledPath = /status$/;
  api.trouble = { kind: 'foreign', status: 502, body: 'Bad Gateway' };
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page
    .locator('#mmx-overview')
    .getByText(/^The values below are/)
    .waitFor();
  expect(await axeViolations(page)).toEqual([]);
});
