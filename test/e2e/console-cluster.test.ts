import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { browserTest, ConsoleBrowser, expectNoComplaint, formCounts } from './console-fixture.ts';
import { clusterStatus, clusterTargets, metricsDisabled } from './fixture-status.ts';
import type { FakeApi } from './fake-api.ts';

const consoleBrowser = new ConsoleBrowser();

const overview = (page: Page) => page.locator('#mmx-overview');

function switchMetricsOff(api: FakeApi): void {
  api.status.state = 'degraded';
  api.status.problems = [metricsDisabled];
}

browserTest('shows a cluster as one of its listeners sees it', async () => {
  const { page, complaints } = await consoleBrowser.open({
    prepare: (api) => {
      api.status = clusterStatus(Date.now());
      api.targets = clusterTargets(Date.now());
    },
  });
  await page.getByText('Working', { exact: true }).waitFor();
  const nodes = page.getByRole('table', { name: 'Nodes' }).locator('tbody tr');
  expect(await nodes.count()).toBe(3);
  expect(await nodes.nth(0).innerText()).toMatch(
    /mattermost-1\s+Collector\s+0\.8\.0\s+11\.1\.0\s+\S.*[AP]M\s+\d+\ss ago/,
  );
  expect(await nodes.nth(1).innerText()).toMatch(
    /mattermost-2\s+this node\s+Listener\s+0\.8\.0\s+11\.1\.0\s+\S.*\s+now/,
  );
  expect(await overview(page).innerText()).toContain(
    'are those of the collecting node, mattermost-1.',
  );
  expect(await overview(page).innerText()).toMatch(/since .+, epoch 4\n/);
  const targets = page.getByRole('table', { name: 'Targets' });
  expect(await targets.locator('tbody tr').count()).toBe(6);
  expectNoComplaint(complaints);
});

browserTest(
  'shows one collecting node after a failover, and the crashed one as silent',
  async () => {
    const { page } = await consoleBrowser.open({
      prepare: (api) => {
        api.status = clusterStatus(Date.now());
        const [first, second] = api.status.nodes;
        Object.assign(first!, { seenMs: Date.now() - 130_000 });
        Object.assign(second!, { mode: 'scraper' });
        Object.assign(api.status.collector, { node: second!.host });
      },
    });
    const nodes = page.getByRole('table', { name: 'Nodes' }).locator('tbody tr');
    await nodes.nth(0).waitFor();
    expect(await nodes.nth(0).innerText()).toMatch(
      /mattermost-1\s+No sign of life\s.*\s2\smin ago/s,
    );
    expect(await nodes.getByText('Collector', { exact: true }).count()).toBe(1);
    expect(await nodes.nth(1).innerText()).toMatch(/mattermost-2\s+this node\s+Collector\s/);
  },
);

browserTest('draws how the last scrapes of a target ended, and says it', async () => {
  const { page } = await consoleBrowser.open();
  const pictures = page.getByRole('table', { name: 'Targets' }).getByRole('img');
  expect(await pictures.first().getAttribute('aria-label')).toMatch(
    /^Last 60 scrapes: 2 failed\. They took \d+\sms to \d+\sms\.$/,
  );
  expect(await pictures.first().locator('.mmx-spark__down').count()).toBe(2);
  expect(await pictures.first().locator('.mmx-spark__up').count()).toBe(58);
  expect(await pictures.nth(1).getAttribute('aria-label')).toMatch(/all answered/);
});

browserTest('syncs at a click, and says what came of it', async () => {
  const { page, api, complaints } = await consoleBrowser.open({
    prepare: (prepared) => {
      prepared.status.sync.pendingBlocks = 2;
      prepared.status.sync.pendingBytes = 35_000_000;
    },
  });
  await page.getByText('2 blocks wait to be copied, 33.4 MiB.').waitFor();
  await page.getByText('is on the node’s disk alone is 1 h 8 min old.').waitFor();
  const button = page.getByRole('button', { name: 'Sync now' });
  await button.click();
  await page.getByText('Every finished block is in the file store now.').waitFor();
  expect(api.requests).toContain('POST /sync');
  api.isSyncFinished = false;
  await button.click();
  await page.getByText('The copying goes on').waitFor();
  api.trouble = {
    kind: 'api',
    status: 403,
    error: { code: 'NOT_PERMITTED', message: 'No.', detail: '' },
  };
  api.troubledPath = /sync$/;
  await button.click();
  await page.getByText('You do not have permission to change this.').waitFor();
  expectNoComplaint(complaints);
});

browserTest('turns metrics on after a question, and nothing else', async () => {
  const { page, api, server, complaints } = await consoleBrowser.open({
    prepare: switchMetricsOff,
  });
  await page.getByRole('button', { name: 'Enable performance monitoring' }).click();
  const dialog = page.getByRole('dialog', { name: 'Enable performance monitoring?' });
  await dialog.getByRole('button', { name: 'Leave it off' }).click();
  expect(server.configPatches).toEqual([]);
  await page.getByRole('button', { name: 'Enable performance monitoring' }).click();
  server.configAnswer = { status: 200, body: { MetricsSettings: { Enable: false } } };
  const confirm = dialog.getByRole('button', { name: 'Enable performance monitoring' });
  await confirm.click();
  await dialog.getByText('The setting is decided by the server’s environment.').waitFor();
  server.configAnswer = { status: 403, body: { id: 'x', message: 'No.' } };
  await confirm.click();
  await dialog.getByText('You do not have permission to change this.').waitFor();
  server.configAnswer = { status: 200, body: { MetricsSettings: { Enable: true } } };
  api.status.problems = [];
  api.status.state = 'collecting';
  await confirm.click();
  await page.getByText('Working', { exact: true }).waitFor();
  const patch = { MetricsSettings: { Enable: true } };
  expect(server.configPatches).toEqual([patch, patch, patch]);
  expect(await formCounts(page)).toEqual({ submits: 0, saves: 0 });
  expectNoComplaint(complaints);
});

browserTest('offers no such button to those who may only read', async () => {
  const { page } = await consoleBrowser.open({
    prepare: (api) => {
      switchMetricsOff(api);
      api.status.can.write = false;
    },
  });
  await page.getByText('Needs attention').waitFor();
  expect(await page.getByRole('button', { name: 'Enable performance monitoring' }).count()).toBe(0);
});
