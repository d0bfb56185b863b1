import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { boards, expressionOf, windowSecondsOf, type Board } from '../../panels/index.ts';
import { admin, holds, makeDump, same, type Bed } from './bed.ts';
import { eventually } from './checks.ts';
import { saveBody, unpackArchive } from './dump-archive.ts';
import { MattermostExporter } from './mattermost-exporter.ts';
import { startViewerPrometheus, type Prometheus } from './prometheus.ts';

const scrapes = 6;

/** Panels of these boards must show something: their exporters run beside the server. */
const livelyBoards = ['mattermost-performance', 'mattermost-hosts', 'metrics-collection'];

/** What a machine without this hardware, or a quiet one, does not have. */
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
    await eventually(`${scrapes} scrapes`, 15_000, () =>
      Promise.resolve(exporter.scrapes >= scrapes ? true : undefined),
    );
    const dump = await makeDump(bed, Date.now() - 60_000, Date.now());
    toMs = dump.actual?.toMs ?? 0;
    await saveListenAddress(bed, target.port);
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
        for (const board of boards) await askBoard(prometheus, board, toMs);
      } finally {
        await prometheus.stop();
      }
    },
  );
  await checks.check('the dashboards are where Grafana is told to look', async () => {
    for (const { id, sections } of boards) {
      const file = `${unpacked}/viewer/grafana/boards/${id}.json`;
      const { panels, uid } = JSON.parse(await readFile(file, 'utf8')) as {
        uid: string;
        panels: { type: string }[];
      };
      same(uid, id, 'uid');
      const wanted = sections.reduce((sum, section) => sum + section.panels.length, 0);
      same(panels.filter(({ type }) => type === 'timeseries').length, wanted, `panels of ${id}`);
    }
  });
  await exporter.stop();
}

function saveListenAddress({ host }: Bed, port: number): Promise<unknown> {
  return host.control('POST', '/config', {
    MetricsSettings: { ListenAddress: `127.0.0.1:${port}` },
  });
}

async function commandOf(unpacked: string): Promise<string[]> {
  const { services } = parse(await readFile(`${unpacked}/docker-compose.yml`, 'utf8')) as {
    services: { prometheus: { command: string[] } };
  };
  return services.prometheus.command;
}

async function askBoard(prometheus: Prometheus, board: Board, timeMs: number): Promise<void> {
  const selector = `job=~"${board.jobs.join('|')}",instance=~".+"`;
  const empty: string[] = [];
  for (const panel of board.sections.flatMap(({ panels }) => panels)) {
    for (const query of panel.queries) {
      const expression = expressionOf(query, selector, windowSecondsOf(panel, 1));
      if ((await prometheus.count(expression, timeMs)) === 0) empty.push(panel.id);
    }
  }
  if (!livelyBoards.includes(board.id)) return;
  const unexpected = empty.filter((id) => !maybeEmpty.includes(id));
  holds(unexpected.length === 0, `panels without data: ${unexpected.join(', ')}`);
}
