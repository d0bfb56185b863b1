import { execFileSync } from 'node:child_process';

/** Whom a program runs as; undefined for ourselves. */
export type Owner = { uid: number; gid: number } | undefined;

/** Servers of databases refuse to run as root: a user that may do nothing, if we are root. */
export function unprivileged(): Owner {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string, name: string) => Number(execFileSync('id', [flag, name]).toString());
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) };
    } catch {
      continue;
    }
  }
  throw new Error('neither the user postgres nor nobody exists, and databases do not run as root');
}
