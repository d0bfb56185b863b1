import { copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { walSegmentName } from '../wal/index.ts';
import { keptDamagedWals } from './limits.ts';
import type { WalDamage } from './replay.ts';
import type { StoreProblem, WalRepair } from './types.ts';

/**
 * Makes a damaged WAL whole again: the damaged segment ends at its last whole record. The bytes
 * behind a torn end are no record and go; everything else is kept aside in `wal.corrupt-<ms>/`,
 * together with the segments that come after the damage, of which the newest few stay. Returns what
 * is to be told.
 */
export async function repairWal(options: {
  storeDir: string;
  walDir: string;
  segments: readonly number[];
  damages: readonly WalDamage[];
  holes: readonly string[];
  samplesUnknown: number;
  nowMs: number;
}): Promise<StoreProblem[]> {
  const { storeDir, walDir, segments, damages, nowMs } = options;
  const aside = join(storeDir, `wal.corrupt-${String(nowMs)}`);
  const told: StoreProblem[] = [];
  const tell = (message: string, repair: WalRepair, code = 'TSDB_WAL_REPAIRED') =>
    told.push({ code, message, repair });
  for (const damage of damages) {
    const { dir, segment, offset, bytes, isTorn, isLast, isCompressed, reason } = damage;
    const name = walSegmentName(segment);
    const place = `segment ${name} at offset ${String(offset)}`;
    const where = { segment: name, offset, bytes };
    if (isTorn && isLast && dir === walDir) {
      const message = `the WAL ends inside a record: ${String(bytes)} bytes of ${place} were dropped`;
      tell(message, { kind: 'torn', ...where });
    } else if (isTorn) {
      // What is torn by a crash is mended before anything is written behind it.
      tell(
        `the WAL is damaged in ${place} (${reason}): ${String(bytes)} bytes were dropped and what ` +
          `followed them is missing`,
        { kind: 'cut', ...where, reason },
      );
    } else {
      await mkdir(aside, { recursive: true, mode: 0o750 });
      const isCheckpoint = dir !== walDir;
      await copyFile(join(dir, name), join(aside, isCheckpoint ? `checkpoint-${name}` : name));
      const later = isCheckpoint ? [] : segments.filter((other) => other > segment);
      for (const other of later) {
        await rename(join(walDir, walSegmentName(other)), join(aside, walSegmentName(other)));
      }
      const count = String(later.length);
      if (isCompressed) {
        const what = `segment ${name} and ${count} behind it are in ${aside}`;
        const repair = { kind: 'foreign', segment: name, segments: later.length, aside } as const;
        tell(`another program has written the WAL: ${what}`, repair, 'TSDB_WAL_COMPRESSED');
      } else {
        tell(
          `the WAL is damaged in ${place} (${reason}): what comes after it, ${String(bytes)} bytes ` +
            `and ${count} segments, was moved to ${aside}`,
          { kind: 'moved', ...where, reason, segments: later.length, aside },
        );
      }
    }
    await truncate(join(dir, name), offset);
  }
  if (damages.some(({ isTorn }) => !isTorn)) await removeOldCopies(storeDir);
  for (const { message, repair } of missing(options)) tell(message, repair);
  return told;
}

/** What is not there at all. */
function missing(options: {
  holes: readonly string[];
  samplesUnknown: number;
}): { message: string; repair: WalRepair }[] {
  const { holes, samplesUnknown } = options;
  const told: { message: string; repair: WalRepair }[] = holes.map((path) => ({
    message: `segments of the WAL are missing before ${path}`,
    repair: { kind: 'hole', path },
  }));
  if (samplesUnknown > 0) {
    const count = String(samplesUnknown);
    const message = `${count} samples of the WAL were dropped because it does not name their series`;
    told.push({ message, repair: { kind: 'nameless', samples: samplesUnknown } });
  }
  return told;
}

/** A disk that damages files again and again must not be filled with the copies. */
async function removeOldCopies(storeDir: string): Promise<void> {
  const copies = (await readdir(storeDir)).filter((name) => /^wal\.corrupt-\d+$/.test(name));
  const timeOf = (name: string) => Number(name.slice('wal.corrupt-'.length));
  copies.sort((a, b) => timeOf(b) - timeOf(a));
  for (const name of copies.slice(keptDamagedWals)) {
    await rm(join(storeDir, name), { recursive: true, force: true });
  }
}

async function truncate(path: string, length: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}
