import type { TargetList } from '../../api/index.ts';
import { ask } from './bed.ts';
import { eventually, type Checks } from './checks.ts';
import { ClusterBus } from './cluster-bus.ts';
import { CountingExporter } from './counting-exporter.ts';
import { buildOlderHost, GoHost, testGoHost } from './go-host.ts';
import { startMariaDb, type MariaDb } from './mariadb.ts';
import { startPostgres } from './postgres.ts';

const discoveredMs = 20_000;

/** The databases of servers: their keys, and the table of nodes of a server that still takes MySQL. */
export async function checkDatabase(
  checks: Checks,
  directory: string,
  bundle: string,
): Promise<void> {
  const [postgres, mariaDb] = await Promise.all([
    startPostgres(`${directory}/postgres.log`),
    startMariaDb(`${directory}/mariadb.log`),
  ]);
  try {
    const sources = {
      TEST_SOURCE_POSTGRES: postgres.source(),
      TEST_SOURCE_MYSQL: mariaDb.source,
    };
    await checks.check(
      'keys in PostgreSQL, in MariaDB and in memory answer alike; of 8 writers one wins',
      () => testGoHost(sources),
    );
    await checks.check('server 10.11 on MariaDB: every node of the table is scraped', () =>
      checkMariaDbNodes(mariaDb, `${directory}/mariadb-host`, bundle),
    );
  } finally {
    await Promise.all([postgres.stop(), mariaDb.stop()]);
  }
}

/** One server, and the row and metrics of another one. */
async function checkMariaDbNodes(
  mariaDb: MariaDb,
  directory: string,
  bundle: string,
): Promise<void> {
  const own = await CountingExporter.start('127.0.0.1', 0);
  const other = await CountingExporter.start('127.0.0.2', own.port);
  const bus = await ClusterBus.start();
  const config = {
    MetricsSettings: { Enable: true, ListenAddress: `:${own.port}` },
    ClusterSettings: { Enable: true, ClusterName: 'bed' },
    SqlSettings: { DriverName: 'mysql', DataSource: mariaDb.source },
    PluginSettings: { Enable: true },
  };
  const ids = { clusterId: 'm'.repeat(26), telemetryId: 't'.repeat(26) };
  const place = { hostname: '127.0.0.1', ...ids, busUrl: bus.url };
  const program = await buildOlderHost('10.11');
  const host = await GoHost.start(directory, bundle, config, { program, hasDatabase: true, place });
  try {
    const nowMs = Date.now();
    await mariaDb.sql(
      `INSERT INTO ClusterDiscovery VALUES ('${'o'.repeat(26)}', 'mattermost_app', 'bed', '127.0.0.2', 8074, 8074, ${nowMs}, ${nowMs})`,
    );
    await host.activate();
    const expected = [own, other].map(({ port }, at) => `127.0.0.${at + 1}:${port}`).join();
    await eventually('both nodes are targets and up', discoveredMs, async () => {
      const { targets } = await ask<TargetList>({ host }, '/targets');
      const up = targets.filter(({ state }) => state === 'up');
      return up
        .map(({ instance }) => instance)
        .sort()
        .join() === expected
        ? true
        : undefined;
    });
  } finally {
    await host.kill();
    await Promise.all([own.stop(), other.stop(), bus.stop()]);
  }
}
