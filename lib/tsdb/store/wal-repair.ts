import { copyFile, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, isDiskFull, makeDurable } from '../../runtime/index.ts';
import { walSegmentName } from '../wal/index.ts';
import { keptDamagedWals } from './limits.ts';
import type { WalDamage } from './replay.ts';
import type { StoreProblem, WalRepair } from './types.ts';
import { walError } from './wal-writer.ts';

/** A WAL, and what replay has found of it. */
export interface RepairOptions {
  storeDir: string;
  walDir: string;
  segments: readonly number[];
  damages: readonly WalDamage[];
  holes: readonly string[];
  samplesUnknown: number;
  nowMs: number;
  /** Tests have it fail. */
  copy?: (from: string, to: string) => Promise<void>;
  /** Makes a file durable; tests look at what has been done until then. */
  sync?: (path: string) => Promise<void>;
}

/**
 * Makes a damaged WAL whole again: the damaged segment ends at its last whole record. The bytes
 * behind a torn end are no record and go; everything else is kept aside in `wal.corrupt-<ms>/`,
 * together with the segments that come after the damage, of which the newest few stay. Returns what
 * is to be told. Rejects with `TSDB_DISK_FULL` or `TSDB_WAL_IO`; however often that happens, nothing
 * piles up on the disk.
 */
export async function repairWal(options: RepairOptions): Promise<StoreProblem[]> {
  const { storeDir, damages } = options;
  const told: StoreProblem[] = [];
  try {
    for (const damage of damages) told.push(await repair(damage, options));
    if (damages.some(({ isTorn }) => !isTorn)) await removeOldCopies(storeDir);
  } catch (cause) {
    throw walError(cause);
  }
  const absent = missing(options).map((one) => ({ code: 'TSDB_WAL_REPAIRED', ...one }));
  return [...told, ...absent];
}

/** What is told of the damages if everything can be kept: nothing is done yet. */
export function plannedRepairs(options: RepairOptions): StoreProblem[] {
  return options.damages.map((damage) => problemOf(damage, options));
}

async function repair(damage: WalDamage, options: RepairOptions): Promise<StoreProblem> {
  const { dir, segment, offset, isTorn } = damage;
  // First of all: when it cannot be cut, everything stays where it is.
  const file = await open(join(dir, walSegmentName(segment)), 'r+');
  try {
    const { isMoved, failure } = isTorn
      ? { isMoved: false, failure: undefined }
      : await setAside(damage, options);
    const reason = failure === undefined ? damage.reason : `${damage.reason}; ${failure}`;
    const problem = problemOf({ ...damage, reason }, options);
    if (isMoved) return problem;
    await file.truncate(offset);
    await file.sync();
    return problem;
  } finally {
    await file.close();
  }
}

function problemOf(damage: WalDamage, options: RepairOptions): StoreProblem {
  return damage.isTorn ? tornEnd(damage, options) : movedRest(damage, options);
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

function movedRest(damage: WalDamage, options: RepairOptions): StoreProblem {
  const { segment, offset, bytes, isCompressed, reason } = damage;
  const name = walSegmentName(segment);
  const aside = asideOf(options);
  const segments = laterSegments(damage, options).length;
  const count = String(segments);
  const moved = { segment: name, segments, aside };
  if (isCompressed) {
    const what = `segment ${name} and ${count} behind it are in ${aside}`;
    const message = `another program has written the WAL: ${what}`;
    const foreign = { code: 'TSDB_WAL_COMPRESSED', message };
    return { ...foreign, repair: { kind: 'foreign', ...moved } };
  }
  const message =
    `the WAL is damaged in segment ${name} at offset ${String(offset)} (${reason}): what comes after ` +
    `it, ${String(bytes)} bytes and ${count} segments, was moved to ${aside}`;
  const repair: WalRepair = { kind: 'moved', ...moved, offset, bytes, reason };
  return { code: 'TSDB_WAL_REPAIRED', message, repair };
}

function asideOf({ storeDir, nowMs }: RepairOptions): string {
  return join(storeDir, `wal.corrupt-${String(nowMs)}`);
}

/** The segments that go with the damaged one; those behind a checkpoint stay. */
function laterSegments({ dir, segment }: WalDamage, { walDir, segments }: RepairOptions): number[] {
  return dir === walDir ? segments.filter((other) => other > segment) : [];
}

interface SetAside {
  /** The damaged segment is not in the WAL any more. */
  isMoved: boolean;
  /** Why there is no copy of it, if there is none. */
  failure: string | undefined;
}

/** Moves the segments behind a damaged one, and keeps a copy of that. */
async function setAside(damage: WalDamage, options: RepairOptions): Promise<SetAside> {
  const { walDir, copy = copyFile, sync = makeDurable } = options;
  const { dir, segment, offset } = damage;
  const name = walSegmentName(segment);
  const aside = asideOf(options);
  const isCheckpoint = dir !== walDir;
  await moveSegments(walDir, laterSegments(damage, options), aside);
  const kept = join(aside, isCheckpoint ? `checkpoint-${name}` : name);
  const failure = await tryCopy(join(dir, name), kept, async (from, to) => {
    await copy(from, to);
    // What is cut off next is nowhere else: a power cut must find it here.
    await sync(to);
  });
  // Nothing of it is needed here, and a name needs no room.
  const isMoved = failure !== undefined && offset === 0 && !isCheckpoint;
  if (isMoved) await rename(join(dir, name), kept);
  return { isMoved, failure };
}

/** Makes the directory `aside` and moves segments there; without any it does not stay when that fails. */
async function moveSegments(walDir: string, segments: readonly number[], aside: string) {
  await mkdir(aside, { recursive: true, mode: 0o750 });
  try {
    for (const segment of segments) {
      await rename(join(walDir, walSegmentName(segment)), join(aside, walSegmentName(segment)));
    }
  } catch (error) {
    await rmdir(aside).catch(() => undefined);
    throw error;
  }
}

/** Why there is no copy, if there is none: it is for people, and keeps no store from opening. */
async function tryCopy(
  from: string,
  to: string,
  copy: (from: string, to: string) => Promise<void>,
): Promise<string | undefined> {
  try {
    await copy(from, to);
    return undefined;
  } catch (error) {
    await rm(to, { force: true });
    if (isDiskFull(error)) return 'the disk is too full for a copy of the segment';
    return `the segment could not be copied: ${errorText(error)}`;
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
