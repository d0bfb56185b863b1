import { admin, ask, holds, makeDump, same, type Bed } from './bed.ts';
import { eventually } from './checks.ts';
import { promtoolDump, saveBody, unpackArchive } from './dump-archive.ts';
import { RecordingExporter } from './recording-exporter.ts';
import type { Status, TargetList } from '../../api/index.ts';

const scrapes = 8;

/**
 * Moves the server's listen address to an exporter that remembers what it serves, by a save of the
 * configuration, and compares promtool's dump with its memory.
 */
export async function checkServedSamples(bed: Bed): Promise<void> {
  const { checks, directory, host, target } = bed;
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
  const exporter = new RecordingExporter(seed, 300);
  const port = await exporter.start();
  const startMs = Date.now();
  await checks.check('a changed listen address is collected from without a restart', async () => {
    const reply = await saveConfig(bed, port);
    same(reply.refused, null, 'refused');
    await eventually(`${scrapes} scrapes of the new address`, (scrapes + 5) * 1000, () =>
      Promise.resolve(exporter.scrapes >= scrapes ? true : undefined),
    );
  });
  await checks.check('promtool prints exactly what the exporter served', async () => {
    // Back to the old address first, so that no scrape is in flight when the dump is made.
    await saveConfig(bed, target.port);
    await eventually('the old address is up', 5000, async () => {
      const { targets } = await ask<TargetList>(bed, '/targets');
      const isBack = targets.some(
        ({ url, state }) => url.includes(`:${target.port}/`) && state === 'up',
      );
      return isBack ? true : undefined;
    });
    const served = exporter.scrapes;
    const dump = await makeDump(bed, startMs - 1000, Date.now());
    const archive = `${directory}/served.tar.gz`;
    await saveBody(await host.request(`/api/v1/dumps/${dump.id}/archive`, admin), archive);
    await unpackArchive(archive, `${directory}/served-samples`);
    const samples = await promtoolDump(
      `${directory}/served-samples`,
      `${directory}/served-samples.txt`,
    );
    const equal = exporter.compare(samples, served);
    console.log(`# seed ${seed}: ${equal} samples of ${served} scrapes equal, staleness included`);
    holds(equal > 0, 'nothing compared');
  });
  await checks.check('a setting that cannot be is refused with a sentence', async () => {
    const settings = { [host.pluginId]: { scrapeintervalseconds: 0 } };
    const body = { PluginSettings: { Plugins: settings } };
    const { refused } = await host.control<{ refused: string | null }>('POST', '/config', body);
    holds(refused !== null && refused.length > 20, `refused: ${String(refused)}`);
    same((await ask<Status>(bed, '/status')).scrapeIntervalSeconds, 1, 'interval');
  });
  await exporter.stop();
}

function saveConfig({ host }: Bed, port: number): Promise<{ refused: string | null }> {
  const body = { MetricsSettings: { ListenAddress: `127.0.0.1:${port}` } };
  return host.control('POST', '/config', body);
}
