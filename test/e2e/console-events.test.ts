import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import {
  announce,
  browserTest,
  ConsoleBrowser,
  dumpAsked,
  expectNoComplaint,
  primary,
  settled,
  tellHost,
} from './console-fixture.ts';
import type { FakeApi } from './fake-api.ts';

const consoleBrowser = new ConsoleBrowser();

const count = (api: FakeApi, route: string) =>
  api.requests.filter((request) => request === route).length;

/** Waits until the browser has read a route once more, however long it takes. */
async function reading(page: Page, path: string, begin: () => Promise<void>): Promise<void> {
  const answer = page.waitForResponse((response) => response.url().endsWith(path));
  await begin();
  await (await answer).finished();
}

/** A page whose time stands still, with an open socket by which events have come. */
async function openHeard() {
  const opened = await consoleBrowser.open({ hasFakeClock: true });
  const { page } = opened;
  await settled(page);
  await tellHost(page, 'openSocket');
  await page.clock.runFor(2_000);
  await reading(page, '/dumps', () => announce(page, 'dumps'));
  return opened;
}

browserTest('reads again what the server says has changed, and only that', async () => {
  const { page, api, complaints } = await openHeard();
  const statusReads = count(api, 'GET /status');
  api.addReady({ archive: Buffer.from('x') });
  await page.clock.runFor(2_000);
  await announce(page, 'something else');
  await announce(page, 'dumps');
  await page.getByRole('link', { name: /^Download \(1 B\)/ }).waitFor();
  expect(count(api, 'GET /status')).toBe(statusReads);
  api.status.state = 'stopped';
  await announce(page, 'status');
  await page.getByText('Stopped', { exact: true }).waitFor();
  expectNoComplaint(complaints);
});

browserTest(
  'asks more slowly while events come, as before without a socket, at once when it is back',
  async () => {
    const { page, api } = await openHeard();
    const before = count(api, 'GET /status');
    await page.clock.runFor(20_000);
    expect(count(api, 'GET /status')).toBe(before);
    await reading(page, '/status', () => page.clock.runFor(10_000));
    await tellHost(page, 'closeSocket');
    await page.clock.runFor(1_000);
    await reading(page, '/status', () => page.clock.runFor(15_000));

    await page.clock.runFor(2_000);
    api.status.state = 'stopped';
    api.addReady({ archive: Buffer.from('x') });
    await tellHost(page, 'openSocket');
    await page.getByText('Stopped', { exact: true }).waitFor();
    await page.getByRole('link', { name: /^Download \(1 B\)/ }).waitFor();
  },
);

browserTest('follows a dump by events, and by asking when they fall silent', async () => {
  const { page, api } = await openHeard();
  await primary(page).click();
  await dumpAsked(page);
  const id = api.dumps[0]?.id ?? '';
  api.advance(id, 12, 'fetching');
  await page.clock.runFor(2_000);
  await announce(page, 'dumps');
  await page.getByText('Running, 12%').waitFor();
  api.advance(id, 34, 'packing');
  for (let turn = 0; turn < 8; turn += 1) {
    await page.clock.runFor(1_000);
  }
  await page.getByText('Running, 34%').waitFor();
});

browserTest('asks nothing while hidden, catches up when shown, and leaves no handler', async () => {
  const { page, api, complaints } = await openHeard();
  const setVisibility = (state: 'hidden' | 'visible') =>
    page.evaluate((value) => {
      const { document, Event } = globalThis as unknown as {
        document: { dispatchEvent: (event: unknown) => void };
        Event: new (name: string) => unknown;
      };
      Object.defineProperty(document, 'visibilityState', { configurable: true, value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  await setVisibility('hidden');
  const before = api.requests.length;
  await announce(page, 'dumps');
  await announce(page, 'status');
  await page.clock.runFor(300_000);
  expect(api.requests.length).toBe(before);
  api.status.state = 'stopped';
  await setVisibility('visible');
  await page.getByText('Stopped', { exact: true }).waitFor();

  const handlers = () =>
    page.evaluate(() =>
      (
        globalThis as unknown as { consoleHost: { socketHandlers: () => number } }
      ).consoleHost.socketHandlers(),
    );
  expect(await handlers()).toBe(2);
  await tellHost(page, 'hide');
  const gone = api.requests.length;
  await announce(page, 'dumps');
  await page.clock.runFor(60_000);
  expect(api.requests.length).toBe(gone);
  await tellHost(page, 'unload');
  expect(await handlers()).toBe(0);
  expectNoComplaint(complaints);
});
