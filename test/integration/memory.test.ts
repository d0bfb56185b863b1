// Goal: no target can make the plugin large. Method: the built executable, because memory under jest
// says nothing, and targets that send two gigabytes.
import { afterEach, expect } from '@jest/globals';
import type { TargetList } from '../../api/index.ts';
import type { ExporterFault } from '../host/exporter.ts';
import { hostBundle } from '../packaging/built-bundle.ts';
import { testNeeding } from '../programs.ts';
import { BundleRuns, privateBytes } from './bundle-fixture.ts';
import { eventually } from './plugin-fixture.ts';

const bundleTest = testNeeding({ files: [hostBundle] });
/** The limit of a body is 32 MiB; twice that while its buffer grows, and what comes in meanwhile. */
const mostGrowthBytes = 200 * 1024 * 1024;

const runs = new BundleRuns();

afterEach(async () => {
  expect(await runs.end()).toEqual([]);
});

bundleTest.each(['huge', 'gzip-bomb'] as const)(
  'a body of two gigabytes (%s) is cut off at the limit, in bounded memory',
  async (fault: ExporterFault) => {
    // On a loaded machine the limit is reached late.
    const run = await runs.start({ settings: { scrapeintervalseconds: 3 } });
    const { get, exporter, active } = run;
    const { pid } = active().process;
    const target = async () => (await get<TargetList>('targets')).targets[0];
    await eventually('up', async () => ((await target())?.state === 'up' ? true : undefined));
    const before = privateBytes(pid);
    let most = before;
    await exporter.setFault(fault);
    let limited = 0;
    let lastMs: number | null = null;
    await eventually('two scrapes that reach the limit', async () => {
      most = Math.max(most, privateBytes(pid));
      const now = await target();
      const isNew = now !== undefined && now.lastScrapeMs !== lastMs;
      lastMs = now?.lastScrapeMs ?? null;
      if (isNew && now.lastError?.code === 'SCRAPE_BODY_LIMIT') limited++;
      return limited >= 2 ? true : undefined;
    });
    expect(most - before).toBeLessThan(mostGrowthBytes);
  },
);
