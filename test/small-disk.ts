import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether this is root in a place that lets root mount: containers often do not. */
export function canMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return true;
  } catch {
    process.stderr.write('skipped: a file system cannot be mounted here\n');
    return false;
  } finally {
    rmdirSync(probe);
  }
}

/** A file system of its own, in memory, whose size is what a test says; it holds what is written to it alone. */
export class SmallDisk {
  readonly directory: string;

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8g', 'tmpfs', this.directory]);
  }

  /** Leaves so much room, as if something else had taken the rest; 0 is full to the last page. */
  leave(bytes: number): void {
    const { blocks, bfree, bsize } = statfsSync(this.directory);
    const size = (blocks - bfree) * bsize + bytes;
    execFileSync('mount', ['-o', `remount,size=${String(size)}`, this.directory]);
  }

  remove(): void {
    execFileSync('umount', ['-l', this.directory], { stdio: 'ignore' });
    rmdirSync(this.directory);
  }
}
