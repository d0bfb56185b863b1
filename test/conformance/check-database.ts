import type { Checks } from './checks.ts';
import { testGoHost } from './go-host.ts';
import { startMariaDb } from './mariadb.ts';
import { startPostgres } from './postgres.ts';

/** The databases of servers: keys in them have the same rules. */
export async function checkDatabase(checks: Checks, directory: string): Promise<void> {
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
  } finally {
    await Promise.all([postgres.stop(), mariaDb.stop()]);
  }
}
