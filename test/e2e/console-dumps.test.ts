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
  settled,
} from './console-fixture.ts';
import type { FakeApi } from './fake-api.ts';

const DAY = 86_400_000;
const consoleBrowser = new ConsoleBrowser();

const progress = (page: Page) => page.locator('#mmx-dumps').getByRole('progressbar').first();
const rows = (page: Page) => page.getByRole('table', { name: 'Dumps' }).locator('tbody tr');

/** Bytes that no other archive has. */
function archiveOf(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
}

function newestDump(api: FakeApi) {
  const dump = api.dumps[0];
  if (dump === undefined) {
    throw new Error('nothing was asked for');
  }
  return dump;
}

browserTest('makes and downloads a dump of the last day with one click', async () => {
  const { page, api, complaints } = await consoleBrowser.open();
  await page.getByText('No dumps yet.').waitFor();
  await primary(page).click();

  await dumpAsked(page);
  const { id, requested } = newestDump(api);
  expect(requested.toMs - requested.fromMs).toBe(DAY);
  expect(Math.abs(requested.toMs - Date.now())).toBeLessThan(60_000);

  api.advance(id, 42, 'rewriting');
  await page.locator('[role=progressbar][aria-valuenow="42"]').first().waitFor();
  expect(await progress(page).getAttribute('aria-valuetext')).toBe(
    '42 percent, Trimming to the time range',
  );

  const archive = archiveOf(3_000_000);
  const coming = page.waitForEvent('download');
  api.finish(id, archive);
  const download = await coming;
  expect(download.suggestedFilename()).toMatch(
    /^mattermost-metrics_mattermost-1_\w+_\w+\.tar\.gz$/,
  );
  expect(new URL(download.url()).pathname).toMatch(new RegExp(`/api/v1/dumps/${id}/archive$`));
  expect(readFileSync(await download.path()).equals(archive)).toBe(true);

  await page.getByText('The dump is ready and your browser is downloading it.').waitFor();
  expect(await page.getByRole('link', { name: /^Download \(2.86 MiB\) dump of/ }).count()).toBe(1);
  expect(api.requests.filter((request) => request.endsWith('/archive'))).toHaveLength(1);
  expect(await formCounts(page)).toEqual({ submits: 0, saves: 0 });
  expectNoComplaint(complaints);
});

browserTest('takes a length up to now, or a range between two local times', async () => {
  const { page, api } = await consoleBrowser.open();
  await page.getByRole('button', { name: '1 hour' }).click();
  await page
    .getByText('About 33.4 MiB, 59.9M samples of 11,043 series, ready in about 4 s.')
    .waitFor();
  await page.getByRole('button', { name: 'Download this dump' }).click();
  await dumpAsked(page);
  const hour = newestDump(api);
  expect(hour.requested.toMs - hour.requested.fromMs).toBe(3_600_000);
  api.fail(hour.id, { code: 'X', message: 'Over.', detail: '' });
  await page.getByRole('button', { name: 'Close' }).click();

  const day = new Date(Date.now() - 2 * DAY).toISOString().slice(0, 10);
  await page.getByLabel('From', { exact: true }).fill(`${day}T10:00`);
  await page.getByLabel('To', { exact: true }).fill(`${day}T12:30`);
  await page
    .getByText('About 33.4 MiB, 59.9M samples of 11,043 series, ready in about 4 s.')
    .waitFor();
  await page.getByRole('button', { name: 'Download this dump' }).click();
  await dumpAsked(page);
  const { requested } = newestDump(api);
  const berlin = (ms: number) =>
    new Date(ms).toLocaleString('sv', { timeZone: 'Europe/Berlin' }).replace(' ', 'T').slice(0, 16);
  expect(berlin(requested.fromMs)).toBe(`${day}T10:00`);
  expect(berlin(requested.toMs)).toBe(`${day}T12:30`);
});

browserTest('says what is wrong with a range before asking for it', async () => {
  const { page, api } = await consoleBrowser.open();
  await page.getByLabel('From', { exact: true }).fill('2026-11-20T10:00');
  await page.getByLabel('To', { exact: true }).fill('2026-11-20T10:00');
  await page.getByText('The end must be later than the beginning.').waitFor();
  expect(await page.getByLabel('From', { exact: true }).getAttribute('aria-invalid')).toBe('true');
  await page.getByLabel('To', { exact: true }).fill('');
  await page.getByText('Enter the day and the time at which the dump ends.').waitFor();
  await page.getByRole('button', { name: 'Download this dump' }).click();
  await page.getByLabel('From', { exact: true }).fill('2020-01-01T00:00');
  await page.getByLabel('To', { exact: true }).fill('2020-01-02T00:00');
  await page.getByText(/^Nothing was collected before/).waitFor();
  await page.getByRole('button', { name: 'Download this dump' }).click();
  expect(api.requests.filter((request) => request.startsWith('POST'))).toEqual([]);
});

browserTest('shows why a dump failed, with its code, and tries again', async () => {
  const { page, api, complaints } = await consoleBrowser.open();
  await primary(page).click();
  await dumpAsked(page);
  api.fail(newestDump(api).id, {
    code: 'DUMP_DISK_FULL',
    message: 'The disk is full; free 40 MiB.',
    detail: 'ENOSPC',
  });
  const alert = page.locator('#mmx-dumps').getByRole('alert');
  await alert.waitFor();
  expect(await alert.innerText()).toContain('The disk is full; free 40 MiB.');
  await alert.getByText('Details for support').click();
  expect(await alert.locator('pre').innerText()).toContain('code: DUMP_DISK_FULL');
  expect(await rows(page).nth(1).innerText()).toContain('The disk is full; free 40 MiB.');
  await alert.getByRole('button', { name: 'Try again' }).click();
  await dumpAsked(page);
  expect(api.dumps).toHaveLength(2);
  expectNoComplaint(complaints);
});

browserTest('shows what the server refuses, at the place of the click', async () => {
  const { page, api } = await consoleBrowser.open();
  await page.getByText('No dumps yet.').waitFor();
  api.troubledPath = /^POST/;
  api.trouble = {
    kind: 'api',
    status: 409,
    error: { code: 'DUMP_BUSY', message: 'Another dump is being built. Wait for it.', detail: '' },
  };
  await primary(page).click();
  const alert = page.locator('#mmx-dumps').getByRole('alert');
  await alert.waitFor();
  expect(await alert.innerText()).toContain('Another dump is being built. Wait for it.');
  await primary(page).and(page.locator(':enabled')).waitFor();
  api.trouble = null;
  await alert.getByRole('button', { name: 'Try again' }).click();
  await dumpAsked(page);
});

browserTest('cancels a running dump', async () => {
  const { page, api } = await consoleBrowser.open();
  await primary(page).click();
  await dumpAsked(page);
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByText('The dump was cancelled. Nothing was kept of it.').waitFor();
  expect(newestDump(api).state).toBe('cancelled');
  expect(await rows(page).first().innerText()).toContain('Cancelled');
});

browserTest(
  'takes orders while a dump is built, says what comes first, and downloads each',
  async () => {
    const { page, api, complaints } = await consoleBrowser.open();
    await page.getByText('No dumps yet.').waitFor();
    await primary(page).click();
    await dumpAsked(page);
    const first = newestDump(api);
    api.advance(first.id, 42, 'rewriting');
    await page.getByText('42%', { exact: true }).first().waitFor();

    const panels = page.locator('#mmx-dumps .mmx-working');
    for (const [count, told] of [
      [2, 'Waiting: one dump comes first'],
      [3, 'Waiting: 2 dumps come first'],
    ] as const) {
      await page.getByRole('button', { name: 'Download this dump' }).click();
      await panels
        .nth(count - 1)
        .getByText(told)
        .first()
        .waitFor();
      expect(await panels.count()).toBe(count);
    }
    expect(await axeViolations(page)).toEqual([]);
    const [third, second] = [api.dumps[0]!, api.dumps[1]!];
    for (const { id } of [first, second]) {
      const coming = page.waitForEvent('download');
      api.finish(id, archiveOf(10));
      expect(new URL((await coming).url()).pathname).toContain(id);
    }
    await panels.getByText('Waiting for its turn').first().waitFor();

    // What has ended leaves the page with the next order, what goes on does not.
    api.troubledPath = /^POST/;
    const message = '5 dumps wait already; try again when one is finished.';
    const error = { code: 'DUMP_QUEUE_FULL', message, detail: '' };
    api.trouble = { kind: 'api', status: 429, error };
    await primary(page).click();
    await page.locator('#mmx-dumps').getByRole('alert').getByText(message).first().waitFor();
    expect(await panels.count()).toBe(1);
    expect(await page.getByText('The dump is ready and your browser').count()).toBe(0);
    expect(api.dumps[0]?.id).toBe(third.id);
    expectNoComplaint(complaints);
  },
);

browserTest('finds a dump that somebody else is building, and cancels it in the list', async () => {
  const { page, api } = await consoleBrowser.open({
    prepare: (prepared) => {
      const { id } = prepared.addReady({ archive: archiveOf(10) });
      prepared.advance(id, 7, 'packing');
    },
  });
  await page.getByText('Running, 7%').waitFor();
  await primary(page).and(page.locator(':enabled')).waitFor();
  await page.getByRole('button', { name: /^Cancel dump of/ }).click();
  await page.getByText('Cancelled').waitFor();
  expect(newestDump(api).state).toBe('cancelled');
});

browserTest('deletes a dump only after a question that names it', async () => {
  const { page, api, complaints } = await consoleBrowser.open({
    prepare: (prepared) => {
      prepared.addReady({ archive: archiveOf(10) });
    },
  });
  const button = page.getByRole('button', { name: /^Delete dump of/ });
  const dialog = page.getByRole('dialog', { name: 'Delete this dump?' });
  await button.click();
  await dialog.waitFor();
  expect(await dialog.innerText()).toMatch(/The dump of .+, created .+, will be deleted/);
  const focused = () => page.evaluate('document.activeElement.textContent');
  expect(await focused()).toBe('Keep dump');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  expect(await focused()).toMatch(/^Delete/);
  await button.click();
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  expect(api.requests.filter((request) => request.startsWith('DELETE'))).toEqual([]);

  await button.click();
  await page.mouse.click(5, 5);
  await dialog.waitFor({ state: 'detached' });

  await button.click();
  await dialog.getByRole('button', { name: 'Delete dump' }).click();
  await page.getByText('No dumps yet.').waitFor();
  expect(api.dumps).toEqual([]);
  expect(await focused()).toBe('Dumps');
  expect(await formCounts(page)).toEqual({ submits: 0, saves: 0 });
  expectNoComplaint(complaints);
});

browserTest('tells of no download that is lost with a dump that has none', async () => {
  const { page, api } = await consoleBrowser.open({
    prepare: (prepared) => {
      const { id } = prepared.addReady({ archive: archiveOf(10) });
      prepared.fail(id, { code: 'DUMP_FAILED', message: 'It failed.', detail: '' });
    },
  });
  await page.getByRole('button', { name: /^Delete dump of/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete this dump?' });
  expect(await dialog.innerText()).toMatch(/has no archive: it leaves the list/);
  await dialog.getByRole('button', { name: 'Delete dump' }).click();
  await page.getByText('No dumps yet.').waitFor();
  expect(api.dumps).toEqual([]);
});

browserTest('keeps the question open when deleting fails', async () => {
  const { page, api } = await consoleBrowser.open({
    prepare: (prepared) => {
      prepared.addReady({ archive: archiveOf(10) });
    },
  });
  api.troubledPath = /^DELETE/;
  api.trouble = { kind: 'foreign', status: 500, body: 'oops' };
  await page.getByRole('button', { name: /^Delete dump of/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Delete dump' }).click();
  await dialog.getByText('The server failed to answer this request.').waitFor();
  api.trouble = null;
  await dialog.getByRole('button', { name: 'Try again' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(api.dumps).toEqual([]);
});

browserTest('offers what aliases stand for to administrators alone', async () => {
  const { page, api } = await consoleBrowser.open({
    prepare: (prepared) => {
      prepared.status.can.manage = false;
      prepared.addReady({ archive: archiveOf(1), redaction: 'hosts-and-ids' });
    },
  });
  await page.getByRole('link', { name: /^Download \(/ }).waitFor();
  expect(await page.getByText('Download aliases').count()).toBe(0);
  api.status.can.manage = true;
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText('Download aliases').waitFor();
});

browserTest('says who asked for a dump, as far as the host tells it', async () => {
  const [ada, gone] = ['a'.repeat(26), 'g'.repeat(26)];
  const { page, complaints } = await consoleBrowser.open({
    prepare: (prepared, server) => {
      for (const createdBy of [ada, gone, '']) {
        prepared.addReady({ archive: archiveOf(1), createdBy });
      }
      server.usernames = { [ada]: 'ada.lovelace' };
    },
  });
  await rows(page).getByText('by ada.lovelace').waitFor();
  expect(await rows(page).getByText(/^by /).count()).toBe(1);
  expect(complaints).toEqual([]);
});

browserTest('shows fifty dumps at first', async () => {
  const { page } = await consoleBrowser.open({
    prepare: (prepared) => {
      for (let i = 0; i < 51; i += 1) {
        prepared.addReady({ archive: archiveOf(1) });
      }
    },
  });
  await rows(page).nth(49).waitFor();
  expect(await rows(page).count()).toBe(50);
  await page.getByRole('button', { name: 'Show older dumps' }).click();
  expect(await rows(page).count()).toBe(51);
});

browserTest('lets those who may only read look, and says why no more', async () => {
  const { page } = await consoleBrowser.open({
    prepare: (prepared) => {
      prepared.status.can.write = false;
      prepared.addReady({ archive: archiveOf(10) });
    },
  });
  await page
    .getByText(/^You may look at dumps\. Making, downloading and deleting them needs write rights/)
    .waitFor();
  expect(await primary(page).count()).toBe(0);
  expect(await page.getByRole('button', { name: /^Delete/ }).count()).toBe(0);
  expect(await page.getByRole('link', { name: /^Download/ }).count()).toBe(0);
  expect(await page.getByRole('button', { name: 'Sync now' }).count()).toBe(0);
  expect(await page.getByText('Preview what leaves').count()).toBe(0);
  expect(await page.getByLabel('Collect every (seconds):').isEnabled()).toBe(true);
  expect(await rows(page).first().innerText()).toMatch(/10\sB/);
});

browserTest('a bar of unknown length makes room for one that begins at nothing', async () => {
  const { page } = await consoleBrowser.open();
  await settled(page);
  let goOn = () => {};
  const held = new Promise<void>((done) => (goOn = done));
  await page.route('**/dumps', async (route) => {
    if (route.request().method() === 'POST') await held;
    await route.continue();
  });
  await primary(page).click();
  const unknown = page.locator('.mmx-progress--unknown .mmx-progress__bar');
  await unknown.evaluate((bar) => {
    (bar as unknown as { id: string }).id = 'unknown-bar';
  });
  goOn();
  await dumpAsked(page);
  // The same element would shrink from full to empty before everybody's eyes.
  expect(await page.locator('#unknown-bar').count()).toBe(0);
});
