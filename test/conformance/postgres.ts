import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { run } from '../../build/command.ts';
import { eventually } from './checks.ts';
import { freePort } from './processes.ts';
import { unprivileged } from './unprivileged.ts';

/** Debian 12's. */
const programs = '/usr/lib/postgresql/15/bin';
const user = 'mattermost';

/** A PostgreSQL server of our own on loopback. */
export interface Postgres {
  port: number;
  /** An address for Go's driver that goes through `port` (the server's own by default). */
  source(port?: number): string;
  /** Runs SQL as psql does and returns its rows, fields split by `|`; in `database` if one is named. */
  sql(statement: string, database?: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** Makes a fresh server, without its promises about power cuts; the log goes to `logPath`. */
export async function startPostgres(logPath: string): Promise<Postgres> {
  // It must own its directory.
  const owner = unprivileged();
  const directory = await mkdtemp(join(tmpdir(), 'metrics-postgres-'));
  if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
  const make = ['-D', directory, '-U', user, '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'];
  await promisify(execFile)(`${programs}/initdb`, make, { ...owner, cwd: directory });

  const port = await freePort();
  const careless = ['fsync=off', 'full_page_writes=off', 'unix_socket_directories='];
  const options = careless.flatMap((option) => ['-c', option]);
  const child = spawn(
    `${programs}/postgres`,
    ['-D', directory, '-h', '127.0.0.1', '-p', String(port), ...options],
    { ...owner, cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const log = createWriteStream(logPath);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const address = ['-h', '127.0.0.1', '-p', String(port), '-U', user];
  const sql = async (statement: string, database = 'postgres') => {
    const ask = ['-d', database, '-X', '-A', '-t', '-c', statement];
    const printed = await run(`${programs}/psql`, [...address, ...ask]);
    return printed.split('\n').filter((line) => line !== '');
  };
  await eventually('PostgreSQL answers', 15_000, () =>
    sql('SELECT 1').then(
      () => true,
      () => undefined,
    ),
  );
  return {
    port,
    source: (through = port) =>
      `postgres://${user}@127.0.0.1:${String(through)}/postgres?sslmode=disable&connect_timeout=5`,
    sql,
    async stop() {
      // Its fast way: sessions are ended.
      child.kill('SIGINT');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
