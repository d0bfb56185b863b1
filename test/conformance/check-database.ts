import type { Checks } from './checks.ts';
import { testGoHost } from './go-host.ts';
import { startPostgres } from './postgres.ts';

/** The database that the hosts of a cluster share: its keys are those of the server's own table. */
export async function checkDatabase(checks: Checks, directory: string): Promise<void> {
  const postgres = await startPostgres(`${directory}/postgres.log`);
  try {
    await checks.check('keys in PostgreSQL and in memory answer alike; of 8 writers one wins', () =>
      testGoHost({ TEST_SOURCE_POSTGRES: postgres.source() }),
    );
  } finally {
    await postgres.stop();
  }
}
