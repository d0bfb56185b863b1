import { holds, same } from '../conformance/bed.ts';
import { eventually } from '../conformance/checks.ts';
import {
  promtoolDump,
  saveBody,
  sha256Of,
  unpackArchive,
  type PrintedSample,
} from '../conformance/dump-archive.ts';
import type { RecordingExporter } from '../conformance/recording-exporter.ts';
import {
  getStatus,
  getTargets,
  makeDump,
  patchConfig,
  patchSettings,
  patienceMs,
  pluginPath,
  savedSettings,
  type Site,
} from './site.ts';

const scrapes = 8;
const masked = '********************************';

/** What it collects from a server without a licence, and what it says of the rest. */
export async function checkCollecting(site: Site): Promise<void> {
  const { checks, pluginId, server, exporter } = site;
  await checks.check('settings that are saved are taken without a restart', async () => {
    await patchSettings(site, { scrapeintervalseconds: 1, scrapetimeoutseconds: 1 });
    await eventually('an interval of a second', patienceMs, async () =>
      (await getStatus(site)).scrapeIntervalSeconds === 1 ? true : undefined,
    );
  });
  await checks.check(
    'the server serves the metrics of the plugin on its metrics port',
    async () => {
      const response = await fetch(`${server.metricsUrl}/plugins/${pluginId}/metrics`);
      same(response.status, 200, 'status');
      const body = await response.text();
      holds(/^mattermost_plugin_metrics_ready 1$/m.test(body), body.slice(0, 500));
    },
  );
  await checks.check('they are collected', () => isUp(site, pluginId));
  await checks.check('a server without a licence is told with advice', async () => {
    const { problems } = await getStatus(site);
    const problem = problems.find(({ code }) => code === 'SCRAPE_HTTP_404');
    holds(/licen[cs]e/i.test(problem?.advice ?? ''), JSON.stringify(problems));
    same(problem?.link, '/admin_console/about/license', 'link');
  });
  await checks.check('metrics that are switched off are told with advice', async () => {
    await patchConfig(site, { MetricsSettings: { Enable: false } });
    await problemComes(site, 'METRICS_DISABLED', true);
    await patchConfig(site, { MetricsSettings: { Enable: true } });
    await problemComes(site, 'METRICS_DISABLED', false);
  });
  const startMs = Date.now();
  await checks.check('an exporter of its own is collected as soon as it is saved', async () => {
    await patchSettings(site, {
      customtargets: `http://127.0.0.1:${site.exporterPort}/metrics job=recorded secret=own`,
      customtargetsecrets: 'own bearer abcdef',
    });
    await eventually(`${scrapes} scrapes`, patienceMs, () =>
      Promise.resolve(exporter.scrapes >= scrapes ? true : undefined),
    );
  });
  await checks.check(
    'secrets are masked and stay what they were when the mask is saved',
    async () => {
      const saved = await savedSettings(site);
      same(saved['customtargetsecrets'], masked, 'secrets as read');
      await patchSettings(site, { customtargetsecrets: masked });
      same(exporter.authorization, 'Bearer abcdef', 'what the exporter gets');
      const before = exporter.scrapes;
      await eventually('another scrape', patienceMs, () =>
        Promise.resolve(exporter.scrapes > before + 1 ? true : undefined),
      );
      same(exporter.authorization, 'Bearer abcdef', 'what the exporter gets afterwards');
    },
  );
  await checks.check(
    'a setting that cannot be is refused, and the save of others goes through',
    async () => {
      const refused = patchSettings(site, { scrapeintervalseconds: 0 });
      const words = await refused.then(
        () => '',
        (error: unknown) => String(error),
      );
      const reason = /Metrics plugin: ScrapeIntervalSeconds: must be from 1 to 300\./;
      holds(words.includes(' 400 ') && reason.test(words), `the server says: ${words}`);
      const { problems } = await getStatus(site);
      const told = problems.find(({ code }) => code === 'SETTINGS_REFUSED')?.message ?? '';
      holds(/ScrapeIntervalSeconds: must be from 1 to 300\.$/.test(told), `told: ${told}`);
      same((await getStatus(site)).scrapeIntervalSeconds, 1, 'interval');
      await patchConfig(site, { TeamSettings: { MaxUsersPerTeam: 77 } });
      await problemComes(site, 'SETTINGS_REFUSED', false);
    },
  );
  await checks.check('promtool prints exactly what the exporter served', () =>
    compareDump(site, startMs),
  );
}

async function compareDump(site: Site, startMs: number): Promise<void> {
  const { directory, exporter } = site;
  await patchSettings(site, { customtargets: '' });
  await eventually('the exporter is no target any more', patienceMs, async () => {
    const { targets } = await getTargets(site);
    return targets.every(({ job }) => job !== 'recorded') ? true : undefined;
  });
  const served = exporter.scrapes;
  const dump = await makeDump(site, startMs - 1000, Date.now());
  const path = pluginPath(site, `/dumps/${dump.id}/archive`);
  const archive = `${directory}/dump.tar.gz`;
  const response = await site.admin.fetch(path);
  same(response.headers.get('content-length'), String(dump.sizeBytes), 'Content-Length');
  await saveBody(response, archive);
  same(await sha256Of(archive), dump.sha256, 'sha256');
  const part = await site.admin.fetch(path, { headers: { range: 'bytes=10-19' } });
  same(part.status, 206, 'a range');
  same((await part.arrayBuffer()).byteLength, 10, 'its bytes');
  const head = await site.script.fetch(path, { method: 'HEAD' });
  same(head.status, 200, 'HEAD with a token');
  await unpackArchive(archive, `${directory}/dump`);
  const samples = await promtoolDump(`${directory}/dump`, `${directory}/dump.txt`);
  const equal = compareUpToLast(exporter, samples, served);
  console.log(`# ${equal} samples of ${served} scrapes equal, staleness included`);
  holds(equal > 0, 'nothing compared');
}

/** The target may have been taken away while its last scrape was under way: that one may be missing. */
function compareUpToLast(
  exporter: RecordingExporter,
  samples: readonly PrintedSample[],
  served: number,
): number {
  try {
    return exporter.compare(samples, served);
  } catch {
    return exporter.compare(samples, served - 1);
  }
}

async function isUp(site: Site, job: string): Promise<void> {
  await eventually(`job ${job} is up`, patienceMs, async () => {
    const { targets } = await getTargets(site);
    return targets.some((target) => target.job === job && target.state === 'up') ? true : undefined;
  });
}

async function problemComes(site: Site, code: string, isThere: boolean): Promise<void> {
  await eventually(`${code} ${isThere ? 'is told' : 'is over'}`, patienceMs, async () => {
    const { problems } = await getStatus(site);
    return problems.some((problem) => problem.code === code) === isThere ? true : undefined;
  });
}
