import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Dump, DumpList } from '../../api/index.ts';
import { run } from '../../build/command.ts';
import { holds, same } from '../conformance/bed.ts';
import { eventually } from '../conformance/checks.ts';
import {
  blocksIn,
  promtoolDump,
  saveBody,
  unpackArchive,
  type PrintedSample,
} from '../conformance/dump-archive.ts';
import type { Postgres } from '../conformance/postgres.ts';
import { freePort } from '../conformance/processes.ts';
import { RealServer, type RealServerOptions } from './real-server.ts';
import {
  getStatus,
  makeAccounts,
  makeDump,
  patchSettings,
  patienceMs,
  pluginPath,
  runDeploy,
  samplesAfter,
  type Site,
} from './site.ts';

const fixture = fileURLToPath(new URL('../vectors/go-plugin/data.tar.gz', import.meta.url));
/** Its samples are from here on. */
const fixtureFromMs = Date.UTC(2026, 10, 18);
const jobsKey = 'mattermost-plugin-metrics_finished_jobs';
const [ready, failed, waiting] = ['ready', 'faild', 'waits'].map((name) => name.padEnd(26, '0'));

/** What the Go plugin left behind: its dump, and every sample that it stored. */
interface Left {
  dump: { id: string; archive: Buffer };
  samples: Map<string, PrintedSample>;
}

/**
 * A server of its own that had the Go plugin 0.7.0: its data directory, its blocks and dumps in the
 * file store, its keys in PostgreSQL. What it left is a fixture with keys as it writes them; with the
 * path of its released bundle in `GO_PLUGIN_BUNDLE` it is that plugin itself that leaves it.
 */
export async function checkUpgrade(site: Site, postgres: Postgres): Promise<void> {
  const { checks } = site;
  const old = await startOld(site, postgres);
  try {
    const left = await checks.check('the Go plugin was here', () => leaveBehind(old, postgres));
    if (left === undefined) return;
    await checks.check('make deploy upgrades the Go plugin, and it runs', async () => {
      const startMs = Date.now();
      const { printed, hasFailed } = await runDeploy(site.bundle, socketOf(old));
      holds(!hasFailed, printed);
      await samplesAfter(old, startMs);
    });
    await checks.check('its dump is listed and fetched, its other jobs and locks are gone', () =>
      checkDumps(old, postgres, left),
    );
    await checks.check('promtool prints every sample of the Go plugin from a new dump', () =>
      checkSamples(old, left),
    );
    await checks.check('nothing of it is called a problem', async () => {
      const { problems } = await getStatus(old);
      // Team Edition serves no metrics of its own.
      const codes = problems.map(({ code }) => code).filter((code) => code !== 'SCRAPE_HTTP_404');
      same(codes.join(), '', 'problems');
    });
    const bundle = process.env['GO_PLUGIN_BUNDLE'] ?? '';
    if (bundle === '') return;
    await checks.check('the Go plugin reads what we leave, and dumps it', () =>
      goBack(old, bundle, left),
    );
  } finally {
    await old.server.stop();
  }
}

async function startOld(site: Site, postgres: Postgres): Promise<Site> {
  await postgres.sql('CREATE DATABASE upgrade');
  const options: RealServerOptions = {
    build: site.options.build,
    directory: `${site.directory}/upgrade`,
    ports: { site: await freePort(), metrics: await freePort() },
    database: postgres.source().replace('/postgres?', '/upgrade?'),
  };
  const server = await RealServer.start(options);
  return { ...site, options, server, ...(await makeAccounts(server)) };
}

const socketOf = ({ server }: Site) => ({ MM_LOCALSOCKETPATH: server.socketPath });

async function leaveBehind(old: Site, postgres: Postgres): Promise<Left> {
  const { directory } = old.options;
  const data = `${directory}/mattermost-plugin-metrics/data`;
  const remote = `${directory}/data/plugin-data/mattermost-plugin-metrics`;
  await mkdir(data, { recursive: true });
  await run('tar', ['xzf', fixture, '-C', data, '--strip-components=1', 'killed']);
  for (const block of await blocksIn(data)) {
    await cp(`${data}/${block}`, `${remote}/data/${block}`, { recursive: true });
  }
  // The samples of the fixture get old while this project is kept.
  await patchSettings(old, {
    retentiondurationdays: 3650,
    scrapeintervalseconds: 1,
    scrapetimeoutseconds: 1,
  });
  const bundle = process.env['GO_PLUGIN_BUNDLE'] ?? '';
  const dump =
    bundle === '' ? await writeJobs(old, postgres) : await runGoPlugin(old, bundle, `${data}/wal`);
  const copy = `${directory}/left`;
  await cp(data, copy, { recursive: true });
  if (bundle !== '') await old.admin.call('POST', `/api/v4/plugins/${old.pluginId}/enable`);
  const samples = await promtoolDump(copy, `${copy}.txt`);
  holds(samples.length > 6000, `only ${samples.length} samples`);
  console.log(`# it left ${samples.length} samples${bundle === '' ? '' : ' by itself'}`);
  return { dump, samples: new Map(samples.map((sample) => [keyOf(sample), sample])) };
}

/** A finished, a failed and a waiting job, and its locks, in the server's own table. */
async function writeJobs(old: Site, postgres: Postgres): Promise<Left['dump']> {
  const place = `plugin-data/mattermost-plugin-metrics/dump/${ready}`;
  const archive = Buffer.from('an archive');
  await mkdir(`${old.options.directory}/data/${place}`, { recursive: true });
  await writeFile(`${old.options.directory}/data/${place}/tsdb_dump.tar.gz`, archive);
  const job = { create_at: 1795060000000, min_t: 1795046820000, max_t: 1795060000000 };
  const location = `${place}/tsdb_dump.tar.gz`;
  const jobs = {
    [ready!]: { ...job, id: ready, status: 'success', dump_location: location },
    [failed!]: { ...job, id: failed, status: 'error', dump_location: '' },
  };
  const once = { Key: waiting, RunAt: '2026-11-19T05:00:00Z', Props: { ...job, id: waiting } };
  const soonMs = Date.now() + 15_000;
  const rows: [key: string, value: string, expiresMs: number][] = [
    [jobsKey, JSON.stringify(jobs), 0],
    [`once_${waiting!}`, JSON.stringify(once), 0],
    [`mutex_${old.pluginId}mattermost-plugin-metrics_job_lock`, '\x01', soonMs],
    [`mutex_${waiting!}`, '\x01', soonMs],
  ];
  for (const [key, value, expiresMs] of rows) {
    const bytes = `'\\x${Buffer.from(value).toString('hex')}'`;
    const row = `'${old.pluginId}', '${key}', ${bytes}, ${expiresMs}`;
    await ofUpgrade(postgres, `INSERT INTO pluginkeyvaluestore VALUES (${row})`);
  }
  return { id: ready!, archive };
}

/** Lets the Go plugin itself start over the data, collect, sync and make a dump. */
async function runGoPlugin(old: Site, bundle: string, wal: string): Promise<Left['dump']> {
  const { printed, hasFailed } = await runDeploy(bundle, socketOf(old));
  holds(!hasFailed, printed);
  const dump = await dumpOfGoPlugin(old, fixtureFromMs, Date.now());
  // It looks for targets once a minute.
  const before = await bytesIn(wal);
  await eventually('the Go plugin collects', 2 * patienceMs, async () =>
    (await bytesIn(wal)) > before ? true : undefined,
  );
  // It writes while it runs; who upgrades does it while it runs, and so do we, when what it has is known.
  await old.admin.call('POST', `/api/v4/plugins/${old.pluginId}/disable`);
  return dump;
}

/** Orders a dump by the routes of the Go plugin, waits for it and fetches it. */
async function dumpOfGoPlugin(
  { admin, pluginId }: Site,
  fromMs: number,
  toMs: number,
): Promise<Left['dump']> {
  const root = `/plugins/${pluginId}/jobs`;
  const order = { min_t: fromMs, max_t: toMs };
  const { id } = await admin.call<{ id: string }>('POST', `${root}/create`, order);
  await eventually('the Go plugin has a dump', patienceMs, async () => {
    const jobs = await admin.call<{ id: string; status: string }[]>('GET', root);
    const { status } = jobs.find((job) => job.id === id) ?? {};
    holds(status !== 'error', 'its dump failed');
    return status === 'success' ? true : undefined;
  });
  const archive = await admin.fetch(`${root}/download/${id}`);
  same(archive.status, 200, 'download from the Go plugin');
  return { id, archive: Buffer.from(await archive.arrayBuffer()) };
}

/** A downgrade: its engine opens our data directory, and its dump has the blocks of the file store. */
async function goBack(old: Site, bundle: string, { samples }: Left): Promise<void> {
  const { directory } = old.options;
  const { printed, hasFailed } = await runDeploy(bundle, socketOf(old));
  holds(!hasFailed, printed);
  const dump = await dumpOfGoPlugin(old, fixtureFromMs, Date.now());
  const archive = `${directory}/back.tar.gz`;
  await writeFile(archive, dump.archive);
  await unpackArchive(archive, `${directory}/back`);
  await mkdir(`${directory}/back/wal`, { recursive: true });
  const found = await promtoolDump(`${directory}/back`, `${directory}/back.txt`);
  const shared = found.filter((sample) => samples.has(keyOf(sample)));
  holds(shared.length > 1000, `only ${shared.length} samples of before`);
  console.log(`# its dump has ${found.length} samples`);
  const complaints = (await old.server.log()).filter(
    (line) =>
      line['plugin_id'] === old.pluginId &&
      /corrupt|out of order|failed to (?:open|read)/i.test(JSON.stringify(line)),
  );
  same(JSON.stringify(complaints.slice(0, 3)), '[]', 'what it complains of');
}

async function bytesIn(directory: string): Promise<number> {
  const files = await readdir(directory, { withFileTypes: true, recursive: true });
  const sizes = files
    .filter((file) => file.isFile())
    .map(async ({ name, parentPath }) => (await stat(`${parentPath}/${name}`)).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function ofUpgrade(postgres: Postgres, statement: string): Promise<string[]> {
  return postgres.sql(statement, 'upgrade');
}

async function checkDumps(old: Site, postgres: Postgres, { dump }: Left): Promise<void> {
  const keys = `pluginid = '${old.pluginId}' AND (pkey = '${jobsKey}' OR pkey LIKE 'once\\_%')`;
  await eventually('the keys of the Go plugin are gone', patienceMs, async () => {
    const left = await ofUpgrade(postgres, `SELECT pkey FROM pluginkeyvaluestore WHERE ${keys}`);
    return left.length === 0 ? true : undefined;
  });
  const { dumps } = await old.admin.call<DumpList>('GET', pluginPath(old, '/dumps'));
  same(dumps.map(({ id, state }) => `${id} ${state}`).join(), `${dump.id} ready`, 'dumps');
  const file = `${old.options.directory}/old-dump`;
  await saveBody(await old.admin.fetch(pluginPath(old, `/dumps/${dump.id}/archive`)), file);
  holds((await readFile(file)).equals(dump.archive), 'its archive has other bytes');
  const jobs = await old.admin.call<Dump[]>('GET', `/plugins/${old.pluginId}/jobs`);
  same(jobs.map(({ id }) => id).join(), dump.id, 'jobs by the routes of the Go plugin');
}

async function checkSamples(old: Site, { samples }: Left): Promise<void> {
  const { directory } = old.options;
  const dump = await makeDump(old, fixtureFromMs, Date.now());
  same(dump.warnings.join(), '', 'warnings of the dump');
  const archive = `${directory}/dump.tar.gz`;
  await saveBody(await old.admin.fetch(pluginPath(old, `/dumps/${dump.id}/archive`)), archive);
  await unpackArchive(archive, `${directory}/dump`);
  const found = new Map(
    (await promtoolDump(`${directory}/dump`, `${directory}/dump.txt`)).map((sample) => [
      keyOf(sample),
      sample,
    ]),
  );
  const missing = [...samples].filter(
    ([key, { value }]) => !Object.is(found.get(key)?.value, value),
  );
  same(missing.length, 0, `samples that are missing, such as ${String(missing[0]?.[0])}`);
  console.log(`# ${samples.size} samples of the Go plugin, ${found.size} in all`);
}

function keyOf({ labels, timeMs }: PrintedSample): string {
  return `${JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)))} ${timeMs}`;
}
