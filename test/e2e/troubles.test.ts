// Goal: what goes wrong around the plugin is told in the console with its cause and with what to do, and the
// telling ends with it. Method: the built plugin, and the trouble itself. Those of a cluster, which take
// longer, are in troubles-soak.test.ts.
import { test } from '@jest/globals';
import { testNeeding } from '../programs.ts';
import { canMount, SmallDisk } from '../small-disk.ts';
import { Site, siteNeeds, siteTimeoutMs } from './site-fixture.ts';

const diskTest = canMount() ? testNeeding(siteNeeds) : test.skip;

const mebibyte = 2 ** 20;

diskTest(
  'a disk that runs full is told before and while it is, and no longer',
  async () => {
    const disk = new SmallDisk();
    const site = await Site.start({ settings: { dbpath: disk.directory } });
    try {
      const [host] = site.hosts;
      const page = await site.open(host!);
      const overview = page.locator('#mmx-overview');
      const refresh = page.getByRole('button', { name: 'Refresh' });
      await overview.getByText('Working', { exact: true }).waitFor();

      disk.leave(200 * mebibyte);
      await refresh.click();
      await overview.getByText('SYNC_DISK_SHORT', { exact: true }).waitFor();
      await overview.getByText('Make room on that disk').waitFor();

      disk.leave(0);
      await overview.getByText('The disk is full, so nothing new is stored').waitFor();
      await overview.getByText('TSDB_DISK_FULL', { exact: true }).waitFor();
      await overview.getByText(/^Free disk space for the data directory/).waitFor();
      await site.picture(host!, 'disk-full');

      disk.leave(4096 * mebibyte);
      await overview.getByText('TSDB_DISK_FULL', { exact: true }).waitFor({ state: 'detached' });
      await refresh.click();
      await overview.getByText('Working', { exact: true }).waitFor();
    } finally {
      await site.close();
      disk.remove();
    }
  },
  siteTimeoutMs,
);
