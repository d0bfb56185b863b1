import { openWalFile, type WalFileOpener } from './wal-writer.ts';

/** What a disk does not do, and what it has done. */
export interface FailPlan {
  /** Bytes that can still be written, and in how many writes: after them they fail with `code`. */
  bytesLeft: number;
  writesLeft: number;
  code: string;
  /** Whether truncating fails, and syncing. */
  truncate: boolean;
  sync: boolean;
  /** Syncs that were asked for. */
  syncs: number;
}

/** WAL files that fail on demand, as those of a full or broken disk do. */
export function failingFiles(): { openWalFile: WalFileOpener; disk: FailPlan } {
  const disk: FailPlan = {
    ...{ bytesLeft: Infinity, writesLeft: Infinity, code: 'ENOSPC' },
    ...{ truncate: false, sync: false, syncs: 0 },
  };
  const refuse = (code: string) =>
    Promise.reject(Object.assign(new Error('disk says no'), { code }));
  const openFailing: WalFileOpener = async (path) => {
    const file = await openWalFile(path);
    return {
      write(bytes, offset, length, position) {
        const allowed = Math.min(length, disk.bytesLeft);
        if (allowed <= 0 || disk.writesLeft <= 0) return refuse(disk.code);
        disk.bytesLeft -= allowed;
        disk.writesLeft--;
        return file.write(bytes, offset, allowed, position);
      },
      truncate: (length) => (disk.truncate ? refuse('EIO') : file.truncate(length)),
      datasync() {
        disk.syncs++;
        return disk.sync ? refuse('EIO') : file.datasync();
      },
      close: () => file.close(),
    };
  };
  return { openWalFile: openFailing, disk };
}
