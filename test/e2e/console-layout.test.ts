import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { axeViolations } from './axe.ts';
import {
  browserTest,
  ConsoleBrowser,
  dumpAsked,
  expectNoComplaint,
  formCounts,
} from './console-fixture.ts';
import type { FakeApi } from './fake-api.ts';
import type { FakeServer } from './fake-server.ts';
import { clusterStatus, clusterTargets, metricsDisabled } from './fixture-status.ts';

const consoleBrowser = new ConsoleBrowser();

/** A cluster with everything on its page that can be there, long texts among it. */
function fullHouse(api: FakeApi, server: FakeServer): void {
  // As long as the host lets names be, and without a place to break.
  server.usernames = { [api.addReady({ archive: Buffer.from('y') }).createdBy]: 'n'.repeat(64) };
  api.status = clusterStatus(Date.now());
  api.targets = clusterTargets(Date.now());
  api.addReady({ archive: Buffer.from('x'), warnings: ['A gap.'] });
  api.status.problems = [
    metricsDisabled,
    {
      ...{ code: 'SCRAPE_TIMEOUT', severity: 'warning', advice: 'Look at its log.' },
      // As Kubernetes calls them.
      message: 'No data from mattermost-app-7c9f8d5b6-x0kq2.mattermost.svc.cluster.local:8067.',
    },
  ];
  const [target] = api.targets;
  if (target !== undefined) {
    target.state = 'down';
    target.lastError = { code: 'SCRAPE_REFUSED', message: 'Refused.', detail: '' };
  }
}

/** How much wider than its window the page is, and each of our sections than its place. */
function overflow(page: Page): Promise<number[]> {
  return page.evaluate<number[]>(
    `[document.documentElement, ...document.querySelectorAll('.mmx-root, .mmx-dialog')]
      .map((element) => element.scrollWidth - element.clientWidth)`,
  );
}

/** How often each role is in what the browser tells a screen reader of an element. */
async function rolesHeard(page: Page, selector: string): Promise<Record<string, number>> {
  const session = await page.context().newCDPSession(page);
  const { root } = await session.send('DOM.getDocument');
  const { nodeId } = await session.send('DOM.querySelector', { nodeId: root.nodeId, selector });
  const { nodes } = await session.send('Accessibility.queryAXTree', { nodeId });
  const counts: Record<string, number> = {};
  for (const { role } of nodes) {
    const name = String(role?.value);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Opens the list of what would leave, in whatever language. */
async function openPreview(page: Page): Promise<void> {
  await page.locator('.mmx-range > .mmx-actions button').nth(1).click();
  await page.locator('.mmx-dialog .mmx-preview').waitFor();
}

for (const query of ['', '?locale=de']) {
  browserTest(`needs no scrolling sideways at 200 % and at 320 px, ${query}`, async () => {
    const { page, complaints } = await consoleBrowser.open({ prepare: fullHouse, query, zoom: 2 });
    await page.locator('#mmx-dumps tbody tr').first().waitFor();
    await page.locator('.mmx-options summary').click();
    for (const width of [640, 320]) {
      await page.setViewportSize({ width, height: 800 });
      expect(new Set(await overflow(page))).toEqual(new Set([0]));
      expect(await axeViolations(page)).toEqual([]);
      await openPreview(page);
      expect(new Set(await overflow(page))).toEqual(new Set([0]));
      await page.keyboard.press('Escape');
      await page.locator('.mmx-dialog').waitFor({ state: 'detached' });
    }
    expectNoComplaint(complaints);
  });
}

for (const query of ['', '?locale=de']) {
  browserTest(
    `hides no part of a table on a wide page, nor of a dump on a narrow one, ${query}`,
    async () => {
      const { page } = await consoleBrowser.open({
        query,
        prepare: (api, server) => {
          fullHouse(api, server);
          const { id } = api.addReady({ archive: Buffer.alloc(1) });
          api.fail(id, { code: 'DUMP_STORE_FULL', message: 'Full.', detail: '' });
          api.addReady({ archive: Buffer.alloc(1) });
          api.dumps = api.dumps.map((dump, i) =>
            i === 0 ? { ...dump, state: 'cancelled' } : dump,
          );
          api.addReady({ archive: Buffer.alloc(134_812_345) });
        },
      });
      await page.locator('#mmx-dumps tbody tr').nth(4).waitFor();
      const hidden = () =>
        page.evaluate<number[]>(
          `[...document.querySelectorAll('.mmx-table-frame')]
          .map((frame) => frame.scrollWidth - frame.clientWidth)`,
        );
      expect(await hidden()).toEqual([0, 0, 0]);
      for (const width of [640, 320]) {
        await page.setViewportSize({ width, height: 800 });
        expect((await hidden()).at(-1)).toBe(0);
        expect(await axeViolations(page)).toEqual([]);
      }
      // To who hears it, it is a table still, whatever it looks like.
      expect(await rolesHeard(page, '.mmx-dumps')).toMatchObject({ row: 8, columnheader: 6 });
    },
  );
}

for (const query of ['?locale=de', '?theme=dark', '?locale=de&theme=dark']) {
  browserTest(`breaks no rule of accessibility with ${query}`, async () => {
    const { page, complaints } = await consoleBrowser.open({ prepare: fullHouse, query });
    await page.locator('#mmx-dumps tbody tr').first().waitFor();
    await openPreview(page);
    expect(await axeViolations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('.mmx-options summary').click();
    await page.locator('#mmx-range-to').fill('');
    await page.locator('#mmx-range-help').getByRole('alert').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.locator('.mmx-problems').getByRole('button').click();
    await page.getByRole('dialog').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    expectNoComplaint(complaints);
  });
}

browserTest(
  'speaks German, with German numbers and times, and says which texts are not',
  async () => {
    const { page, api, complaints } = await consoleBrowser.open({
      prepare: fullHouse,
      query: '?locale=de-AT',
    });
    await page.getByText('Braucht Aufmerksamkeit').waitFor();
    const overview = page.locator('#mmx-overview');
    expect(await overview.innerText()).toMatch(/11[. \u00a0]043/);
    expect(await overview.innerText()).toMatch(/36 Blöcke, 41,3\sGiB frei/);
    expect(await overview.innerText()).not.toMatch(/mmx\.|\bago\b|Targets/);
    expect(await overview.locator('.mmx-problems [lang=en]').first().innerText()).toBe(
      'Performance monitoring is switched off, so the server offers no metrics.',
    );
    await page.getByRole('button', { name: 'Metrik-Dump herunterladen' }).click();
    await dumpAsked(page);
    api.advance(api.dumps[0]?.id ?? '', 42, 'packing');
    await page.getByText('Läuft, 42 %').waitFor();
    const coming = page.waitForEvent('download');
    api.finish(api.dumps[0]?.id ?? '', Buffer.from('an archive'));
    await coming;
    await page.getByText('Der Dump ist fertig, und der Browser lädt ihn herunter.').waitFor();
    await page
      .getByRole('button', { name: /^Löschen Dump von/ })
      .first()
      .click();
    await page.getByRole('dialog', { name: 'Diesen Dump löschen?' }).waitFor();
    expect(await formCounts(page)).toEqual({ submits: 0, saves: 0 });
    expectNoComplaint(complaints);
  },
);

browserTest('shows all times in UTC when that is chosen, also those that were typed', async () => {
  const { page } = await consoleBrowser.open({ prepare: fullHouse });
  const created = page.locator('#mmx-dumps tbody tr').first().locator('time').first();
  const moment = new Date((await created.getAttribute('datetime')) ?? '');
  await page.getByLabel('From', { exact: true }).fill('2026-11-18T10:00');
  await page.locator('#mmx-dumps').getByLabel('Times in').selectOption('utc');
  expect(await page.getByLabel('From', { exact: true }).inputValue()).toBe('2026-11-18T09:00');
  expect(await page.locator('#mmx-overview').getByLabel('Times in').inputValue()).toBe('utc');
  const inUtc = moment.toLocaleTimeString('en', {
    timeZone: 'UTC',
    hour: 'numeric',
    minute: '2-digit',
  });
  expect((await created.innerText()).replaceAll(/\s/g, ' ')).toContain(
    inUtc.replaceAll(/\s/g, ' '),
  );
});

browserTest('is used with the keyboard alone, and shows where it is', async () => {
  const { page } = await consoleBrowser.open({ prepare: fullHouse });
  await page.locator('#mmx-dumps tbody tr').first().waitFor();
  await page.locator('.mmx-options summary').press('Enter');
  await page.getByLabel('Metric names').waitFor();
  const missing = await page.evaluate<number>(`(() => {
    window.unreached = new Set([...document.querySelectorAll(
      '.mmx-root :is(button, a[href], select, input, textarea, summary):not(:disabled)')]
      .filter((element) => element.checkVisibility()));
    return window.unreached.size;
  })()`);
  expect(missing).toBeGreaterThan(30);
  const hidden: string[] = [];
  for (let i = 0, left = missing; i < 150 && left > 0; i += 1) {
    await page.keyboard.press('Tab');
    const [unmarked, rest] = await page.evaluate<[string, number]>(`(() => {
      const element = document.activeElement;
      const isNew = window.unreached.delete(element);
      const { boxShadow, outlineStyle } = getComputedStyle(element);
      const isMarked = boxShadow !== 'none' || outlineStyle !== 'none';
      return [isMarked || !isNew ? '' : element.outerHTML.slice(0, 80), window.unreached.size];
    })()`);
    left = rest;
    if (unmarked !== '') hidden.push(unmarked);
  }
  expect(hidden).toEqual([]);
  expect(
    await page.evaluate<string[]>(
      `[...window.unreached].map(({ outerHTML }) => outerHTML.slice(0, 80))`,
    ),
  ).toEqual([]);
});
