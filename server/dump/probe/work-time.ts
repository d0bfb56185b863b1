import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../../lib/runtime/index.ts';

/** What libuv calls the threads that compress, hash and read files for all others of the process. */
const poolName = 'libuv-worker';

const tasksDir = '/proc/self/task';

/**
 * CPU time, in milliseconds, that this thread and those that work for it have taken so far. Other than the
 * time on the clock it does not depend on what else the machine has to do.
 */
export function workTimeMs(): number {
  const { system, user } = process.threadCpuUsage();
  return (user + system) / 1000 + poolTimeMs();
}

/** Of the pool; 0 where the system does not tell of single threads. */
function poolTimeMs(): number {
  let sum = 0;
  for (const task of listed(tasksDir)) {
    const name = read(join(tasksDir, task, 'comm'));
    if (name?.trim() !== poolName) continue;
    // Nanoseconds on a CPU, nanoseconds of waiting for one, turns.
    const [nanoseconds = 0] = (read(join(tasksDir, task, 'schedstat')) ?? '0')
      .split(' ')
      .map(Number);
    sum += nanoseconds / 1e6;
  }
  return sum;
}

function listed(path: string): string[] {
  return unlessAbsent(() => readdirSync(path)) ?? [];
}

function read(path: string): string | undefined {
  return unlessAbsent(() => readFileSync(path, 'latin1'));
}

/** Threads end at any moment, and not every system has these files. */
function unlessAbsent<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'ENOTSUP'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
