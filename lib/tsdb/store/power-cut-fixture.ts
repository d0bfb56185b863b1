import { cpSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, systemClock } from '../../runtime/index.ts';
import { openWalFile, type WalFileOpener } from './wal-writer.ts';

/** Bytes by name of a WAL file. */
export type WalSizes = Map<string, number>;

/** Copies of a directory that are begun before it counts as never at rest. */
const maxCopies = 50;

/** The disk of a busy machine is slow. */
const patienceMs = 60_000;

/** WAL files of which is known what a power cut would leave: the bytes that were synced. */
export function syncedFiles(openFile = openWalFile): {
  openWalFile: WalFileOpener;
  synced: WalSizes;
  written: WalSizes;
} {
  const synced: WalSizes = new Map();
  const written: WalSizes = new Map();
  const openCounted: WalFileOpener = async (path) => {
    const file = await openFile(path);
    const name = basename(path);
    let size = 0;
    synced.set(name, 0);
    return {
      async write(...args) {
        const result = await file.write(...args);
        size = args[3] + result.bytesWritten;
        written.set(name, size);
        return result;
      },
      async truncate(length) {
        await file.truncate(length);
        size = length;
      },
      async datasync() {
        const reached = size;
        await file.datasync();
        // A sync that began later, when the segment was finished, may have ended before this one.
        synced.set(name, Math.max(reached, synced.get(name)!));
      },
      close: () => file.close(),
    };
  };
  return { openWalFile: openCounted, synced, written };
}

/** Waits until `want` is synced, a minute at most: the test's clock is faster than the disk. */
export async function untilSynced(want: WalSizes, synced: WalSizes, say: string): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + patienceMs;
  for (const [name, size] of want) {
    while (synced.get(name)! < size) {
      if (systemClock.monotonicMs() > deadlineMs) {
        const state = `${name} has ${String(synced.get(name))} of ${String(size)} bytes synced`;
        throw new Error(`${say}: ${state}`);
      }
      await delay(1);
    }
  }
}

/**
 * Copies the directory of a store that is at work. What it renames or removes meanwhile makes the copy
 * fail, and it is begun again: half a directory is none that a power cut leaves.
 */
export function copyLive(dir: string, copy: string, copyAll = copyDirectory): void {
  for (let left = maxCopies; ; left--) {
    try {
      copyAll(dir, copy);
      return;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || left === 1) throw error;
      rmSync(copy, { recursive: true, force: true });
    }
  }
}

function copyDirectory(dir: string, copy: string): void {
  cpSync(dir, copy, { recursive: true });
}
