import {
  constants,
  copyFile,
  link,
  readFile,
  rename,
  rm,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../../bytes/index.ts';
import { codeOf, type Rng } from '../../runtime/index.ts';
import { StoreError } from './errors.ts';

/** A lock file is short; more is not one of ours. */
const maxLockBytes = 4096;

/** Codes of file systems that cannot link. */
const noHardLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

interface Holder {
  pid: number;
  /** When the process started, in the kernel's ticks since boot: tells reused pids apart. */
  startTicks: string;
}

/**
 * The file `lock` in a store's directory: names the process that has it open. A file that a dead
 * process left behind is taken over. It protects against a second process on the same machine, not
 * against another machine that mounts the same directory.
 */
export class DirectoryLock {
  readonly #path: string;
  readonly #text: string;
  #isHeld = true;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /** Takes the lock or rejects with `TSDB_LOCKED`, which names the holder's pid. */
  static async acquire(dir: string, rng: Rng): Promise<DirectoryLock> {
    const path = join(dir, 'lock');
    const unique = `${path}.${toHex(rng.bytes(8))}`;
    const holder: Holder = { pid: process.pid, startTicks: (await startTicks(process.pid)) ?? '' };
    const text = `${JSON.stringify(holder)}\n`;
    try {
      await writeFile(unique, text, { flag: 'wx', mode: 0o640 });
      if (!(await tryLink(unique, path))) {
        await removeStale(path, `${unique}.stale`);
        if (!(await tryLink(unique, path))) throw locked(path, undefined);
      }
    } finally {
      await rm(unique, { force: true });
    }
    return new DirectoryLock(path, text);
  }

  /** Gives the lock back, once; a file that is not ours any more stays. */
  async release(): Promise<void> {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if ((await readLock(this.#path)) === this.#text) await unlink(this.#path);
  }
}

/** Puts the finished file in place unless there is one: nobody ever sees half a lock. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!noHardLinks.includes(codeOf(error) ?? '')) throw error;
  }
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a lock whose process is gone; throws when it is there. */
async function removeStale(path: string, aside: string): Promise<void> {
  const text = await readLock(path);
  if (text === undefined) return;
  const holder = parseHolder(text);
  if (holder !== undefined && (await isAlive(holder))) throw locked(path, holder.pid);
  // Moved first and looked at again: another process may have taken the stale lock over meanwhile.
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await readLock(aside);
  if (moved !== text && moved !== undefined) await tryLink(aside, path);
  await rm(aside, { force: true });
}

async function readLock(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).slice(0, maxLockBytes);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined for text that no version of ours wrote; an empty file is what Prometheus leaves. */
function parseHolder(text: string): Holder | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { pid, startTicks: ticks } = (value ?? {}) as { pid?: unknown; startTicks?: unknown };
  if (!Number.isSafeInteger(pid) || typeof ticks !== 'string') return undefined;
  return { pid: pid as number, startTicks: ticks };
}

async function isAlive(holder: Holder): Promise<boolean> {
  if (holder.pid <= 0) return false;
  const ticks = await startTicks(holder.pid);
  if (ticks !== undefined) return holder.startTicks === '' || ticks === holder.startTicks;
  if (holder.startTicks !== '' && (await startTicks(process.pid)) !== undefined) return false;
  // Without /proc the pid alone has to do.
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Start time of a process from /proc; undefined when there is none or no /proc. */
async function startTicks(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    // The command in field 2 may hold blanks and brackets: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie holds nothing open any more.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function locked(path: string, pid: number | undefined): StoreError {
  const by = pid === undefined ? 'another process' : `process ${String(pid)}`;
  const message = `the data directory is in use by ${by}`;
  return new StoreError('TSDB_LOCKED', message, pid === undefined ? { path } : { path, pid });
}
