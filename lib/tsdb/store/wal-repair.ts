import { copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../runtime/index.ts';
import { walSegmentName } from '../wal/index.ts';
import { keptDamagedWals } from './limits.ts';
import type { WalDamage } from './replay.ts';
import type { StoreProblem, WalRepair } from './types.ts';

interface RepairOptions {
  storeDir: string;
  walDir: string;
  segments: readonly number[];
  damages: readonly WalDamage[];
  holes: readonly string[];
  samplesUnknown: number;
  nowMs: number;
  /** Tests have it fail. */
  copy?: (from: string, to: string) => Promise<void>;
}

/**
 * Makes a damaged WAL whole again: the damaged segment ends at its last whole record. The bytes
 * behind a torn end are no record and go; everything else is kept aside in `wal.corrupt-<ms>/`,
 * together with the segments that come after the damage, of which the newest few stay. Returns what
 * is to be told.
 */
export async function repairWal(options: RepairOptions): Promise<StoreProblem[]> {
  const { storeDir, damages } = options;
  const told: StoreProblem[] = [];
  for (const damage of damages) {
    const { dir, segment, offset, isTorn } = damage;
    told.push(isTorn ? tornEnd(damage, options) : await setAside(damage, options));
    await truncate(join(dir, walSegmentName(segment)), offset).catch((error: unknown) => {
      // Moved away as a whole.
      if (codeOf(error) !== 'ENOENT' || isTorn) throw error;
    });
  }
  if (damages.some(({ isTorn }) => !isTorn)) await removeOldCopies(storeDir);
  const absent = missing(options).map((one) => ({ code: 'TSDB_WAL_REPAIRED', ...one }));
  return [...told, ...absent];
}

function tornEnd(damage: WalDamage, { walDir }: RepairOptions): StoreProblem {
  const { dir, segment, offset, bytes, isLast, reason } = damage;
  const name = walSegmentName(segment);
  const place = `segment ${name} at offset ${String(offset)}`;
  const where = { segment: name, offset, bytes };
  const code = 'TSDB_WAL_REPAIRED';
  if (isLast && dir === walDir) {
    const message = `the WAL ends inside a record: ${String(bytes)} bytes of ${place} were dropped`;
    return { code, message, repair: { kind: 'torn', ...where } };
  }
  // What is torn by a crash is mended before anything is written behind it.
  const message =
    `the WAL is damaged in ${place} (${reason}): ${String(bytes)} bytes were dropped and what ` +
    `followed them is missing`;
  return { code, message, repair: { kind: 'cut', ...where, reason } };
}

/** Keeps a copy of a damaged segment, and moves those behind it. */
async function setAside(damage: WalDamage, options: RepairOptions): Promise<StoreProblem> {
  const { storeDir, walDir, segments, nowMs, copy = copyFile } = options;
  const { dir, segment, offset, bytes, isCompressed } = damage;
  let { reason } = damage;
  const name = walSegmentName(segment);
  const aside = join(storeDir, `wal.corrupt-${String(nowMs)}`);
  await mkdir(aside, { recursive: true, mode: 0o750 });
  const isCheckpoint = dir !== walDir;
  const kept = join(aside, isCheckpoint ? `checkpoint-${name}` : name);
  if (!(await tryCopy(join(dir, name), kept, copy))) {
    reason += '; the disk is too full for a copy of the segment';
    // Nothing of it is needed here, and a name needs no room.
    if (offset === 0 && !isCheckpoint) await rename(join(dir, name), kept);
  }
  const later = isCheckpoint ? [] : segments.filter((other) => other > segment);
  for (const other of later) {
    await rename(join(walDir, walSegmentName(other)), join(aside, walSegmentName(other)));
  }
  const count = String(later.length);
  const moved = { segment: name, segments: later.length, aside };
  if (isCompressed) {
    const what = `segment ${name} and ${count} behind it are in ${aside}`;
    const message = `another program has written the WAL: ${what}`;
    return { code: 'TSDB_WAL_COMPRESSED', message, repair: { kind: 'foreign', ...moved } };
  }
  const message =
    `the WAL is damaged in segment ${name} at offset ${String(offset)} (${reason}): what comes after ` +
    `it, ${String(bytes)} bytes and ${count} segments, was moved to ${aside}`;
  const repair: WalRepair = { kind: 'moved', ...moved, offset, bytes, reason };
  return { code: 'TSDB_WAL_REPAIRED', message, repair };
}

/** False when there is no room: a full disk must not keep the store from opening. */
async function tryCopy(
  from: string,
  to: string,
  copy: (from: string, to: string) => Promise<void>,
): Promise<boolean> {
  try {
    await copy(from, to);
    return true;
  } catch (error) {
    await rm(to, { force: true });
    if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') return false;
    throw error;
  }
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
