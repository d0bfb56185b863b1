import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { axeViolations } from './axe.ts';
import {
  announce,
  browserTest,
  ConsoleBrowser,
  dumpAsked,
  expectNoComplaint,
  formCounts,
  tellHost,
} from './console-fixture.ts';
import { react17, react18, react19 } from './console-pages.ts';

const consoleBrowser = new ConsoleBrowser();

for (const [version, react] of [
  ['17', react17],
  ['18', react18],
  ['19', react19],
] as const) {
  browserTest(`works in a host with React ${version}`, async () => {
    const { page, api, complaints } = await consoleBrowser.open({ react });
    await page.getByText('Working', { exact: true }).waitFor();
    const reactVersion = await page.evaluate(
      () =>
        (globalThis as unknown as { consoleHost: { reactVersion: string } }).consoleHost
          .reactVersion,
    );
    expect(reactVersion.split('.')[0]).toBe(version);

    await page.getByLabel('Times in').first().selectOption('utc');
    await page.getByText('Times are in UTC.').waitFor();
    await page.getByRole('button', { name: 'Sync now' }).click();
    await page.getByText('Every finished block is in the file store now.').waitFor();

    await page.getByRole('button', { name: '3 days' }).click();
    await page.getByText('Options', { exact: true }).click();
    await page.getByLabel('Samples', { exact: true }).selectOption('300');
    await page.getByLabel('Metric names').fill('go_*');
    await page.getByText(/^About 1\.67\sMiB/).waitFor();
    await page.getByRole('button', { name: 'Preview what leaves' }).click();
    const preview = page.getByRole('dialog', { name: 'What leaves this server' });
    await preview.getByRole('table', { name: 'Labels' }).waitFor();
    await preview.getByRole('button', { name: 'Download this dump' }).click();
    await preview.waitFor({ state: 'detached' });
    expect(api.asked[0]).toMatchObject({ metrics: ['go_*'], stepSeconds: 300 });
    await dumpAsked(page);
    const archive = Buffer.from('an archive');
    const coming = page.waitForEvent('download');
    api.finish(api.dumps[0]?.id ?? '', archive);
    expect(readFileSync(await (await coming).path()).equals(archive)).toBe(true);
    const { requested } = api.dumps[0] ?? { requested: { fromMs: 0, toMs: 0 } };
    expect(requested.toMs - requested.fromMs).toBe(3 * 86_400_000);

    const dialog = page.getByRole('dialog', { name: 'Delete this dump?' });
    await page.getByRole('button', { name: /^Delete dump of/ }).click();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^Delete dump of/ }).click();
    await dialog.getByRole('button', { name: 'Delete dump' }).click();
    await page.getByText('No dumps yet.').waitFor();

    await tellHost(page, 'openSocket');
    api.status.state = 'stopped';
    await announce(page, 'status');
    await page.getByText('Stopped', { exact: true }).waitFor();

    expect(await axeViolations(page)).toEqual([]);
    await tellHost(page, 'unload');
    expect(await page.locator('.mmx-root, style[data-plugin]').count()).toBe(0);
    expect(await formCounts(page)).toEqual({ submits: 0, saves: 0 });
    expectNoComplaint(complaints);
  });
}
