import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { run } from '../../build/command.ts';
import { eventually } from './checks.ts';
import { freePort } from './processes.ts';
import { unprivileged } from './unprivileged.ts';

/** A MariaDB server of our own on loopback. */
export interface MariaDb {
  /** An address for Go's driver. */
  source: string;
  sql(statement: string): Promise<string>;
  stop(): Promise<void>;
}

const user = 'mattermost';

/** Makes a fresh server with one database and a user without a password; the log goes to `logPath`. */
export async function startMariaDb(logPath: string): Promise<MariaDb> {
  const owner = unprivileged();
  const directory = await mkdtemp(join(tmpdir(), 'metrics-mariadb-'));
  const first = `${directory}/first.sql`;
  const rights = `CREATE USER ${user}@'127.0.0.1';\nGRANT ALL ON ${user}.* TO ${user}@'127.0.0.1';\n`;
  await writeFile(first, `CREATE DATABASE ${user};\n${rights}`, { mode: 0o644 });
  if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
  const place = ['--no-defaults', `--datadir=${directory}/data`];
  const make = ['--auth-root-authentication-method=normal', '--skip-test-db'];
  await promisify(execFile)('mariadb-install-db', [...place, ...make], {
    ...owner,
    cwd: directory,
  });

  const port = await freePort();
  const listen = ['--bind-address=127.0.0.1', `--port=${String(port)}`, '--skip-name-resolve'];
  const files = [`--socket=${directory}/socket`, `--init-file=${first}`];
  const child = spawn('mariadbd', [...place, ...listen, ...files], {
    ...owner,
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(logPath);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const address = ['--no-defaults', '-h127.0.0.1', `-P${String(port)}`, `-u${user}`, user];
  const sql = (statement: string) => run('mariadb', [...address, '-e', statement]);
  await eventually('MariaDB answers', 30_000, () =>
    sql('SELECT 1').then(
      () => true,
      () => undefined,
    ),
  );
  return {
    source: `${user}@tcp(127.0.0.1:${String(port)})/${user}?charset=utf8mb4`,
    sql,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
