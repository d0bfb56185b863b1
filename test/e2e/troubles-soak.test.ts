// Goal: as in troubles.test.ts, for troubles of a cluster, of which its nodes are sure only after a while.
import { pluginId, Site, siteTimeoutMs, soakTest } from './site-fixture.ts';

soakTest(
  'that nobody collects is told while it is so: the collector is gone, and the database is away',
  async () => {
    const site = await Site.start({ nodes: 3 });
    try {
      const [collector, listener] = site.hosts;
      const page = await site.open(listener!);
      const overview = page.locator('#mmx-overview');
      await overview.getByText('Working', { exact: true }).waitFor();
      const keys = site.cluster!.kv(pluginId);
      keys.outage = 'driver: bad connection';
      await overview.getByText('CLUSTER_DATABASE_FAILING', { exact: true }).first().waitFor();
      await overview.getByText('Check the connection of this server to its database').waitFor();
      await site.picture(listener!, 'database-away');

      await collector!.active(pluginId).process.crash();
      await overview.getByText('perhaps nobody collects').waitFor();
      await overview.getByText(/^No new sample has come for/).waitFor();
      await overview.getByText('Check that the collecting server runs').waitFor();
      await site.picture(listener!, 'nobody-collects');

      keys.outage = undefined;
      await overview.getByText('Working', { exact: true }).waitFor();
    } finally {
      await site.close();
    }
  },
  siteTimeoutMs,
);

soakTest(
  'a wrong clock is told on both nodes within seconds, and no longer than it is wrong',
  async () => {
    const site = await Site.start({ nodes: 2, clockShiftMs: 5 * 60_000 });
    try {
      const [right, wrong] = site.hosts;
      for (const [host, told] of [
        [right!, '127.0.0.2 at least'],
        [wrong!, '127.0.0.1 at least'],
      ] as const) {
        const page = await site.open(host);
        await page.locator('#mmx-overview').getByText(told).waitFor();
        await page.getByText('Keep the clocks of all nodes with NTP').waitFor();
      }
      await site.picture(wrong!, 'clock');
      const page = await site.open(right!);
      process.kill(wrong!.active(pluginId).process.pid, 'SIGUSR2');
      await page.getByText('Working', { exact: true }).waitFor();
    } finally {
      await site.close();
    }
  },
  siteTimeoutMs,
);
