import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { startExporter } from '../host/exporter.ts';
import { startHost } from '../host/index.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { testNeeding } from '../programs.ts';
import { startBrowser } from './browser.ts';
import { consolePagePath, consolePages } from './console-pages.ts';

const { id } = manifest;
const INTERVAL_SECONDS = 2;

/** The series `up` in a store's directory, as promtool reads it: time in milliseconds and value. */
function readUp(directory: string): { ms: number; value: string }[] {
  const text = execFileSync('promtool', ['tsdb', 'dump', '--match={__name__="up"}', directory], {
    encoding: 'utf8',
  });
  return [...text.matchAll(/^\{.*__name__="up".*\} (\S+) (\d+)$/gm)].map(([, value = '', ms]) => ({
    ms: Number(ms),
    value,
  }));
}

testNeeding({ programs: ['chromium', 'promtool'], files: [hostBundle] })(
  'one click in the console ends in a file that promtool reads',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'end-to-end-'));
    const exporter = await startExporter();
    const host = await startHost({
      directory,
      configuration: {
        MetricsSettings: { Enable: true, ListenAddress: `:${String(exporter.port)}` },
        PluginSettings: {
          Plugins: {
            [id]: {
              scrapeintervalseconds: INTERVAL_SECONDS,
              scrapetimeoutseconds: 1,
              enablenodeexportertargets: false,
            },
          },
        },
      },
    });
    const browser = await startBrowser();
    try {
      await host.installPlugin(hostBundle);
      await host.enable(id);
      host.pages = consolePages({ pluginId: id, setCookies: host.logIn().cookies });
      const page = await browser.newPage();
      await page.goto(host.url + consolePagePath(id));
      await page.getByText('Working', { exact: true }).waitFor();

      const coming = page.waitForEvent('download');
      const clickedMs = Date.now();
      await page.getByRole('button', { name: 'Download metrics dump' }).click();
      const download = await coming;
      await page.getByText('The dump is ready and your browser is downloading it.').waitFor();

      const store = join(directory, 'opened');
      mkdirSync(store);
      execFileSync('tar', ['xzf', await download.path(), '-C', store]);
      const up = readUp(store);
      expect(new Set(up.map(({ value }) => value))).toEqual(new Set(['1']));
      // A click takes a moment to become a request; the dump must hold the scrape before it.
      expect(up.at(-1)?.ms).toBeGreaterThan(clickedMs - INTERVAL_SECONDS * 1_000);
      expect(host.violations).toEqual([]);
    } finally {
      await browser.close();
      await host.stop();
      await exporter.close();
      rmSync(directory, { recursive: true });
    }
  },
  60_000,
);
