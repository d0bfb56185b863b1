import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { codeOf } from '../../runtime/index.ts';
import { joinLost, readRepairs, writeRepairs, type Repairs } from './repair-record.ts';
import type { LostRange, StoreProblem } from './types.ts';
import { plannedRepairs, repairWal, type RepairOptions } from './wal-repair.ts';

/**
 * Mends a WAL and records that on the disk before: the damage is gone then, and an open that ends
 * badly after it would leave nobody who could tell. Returns what is to be told of this open and of
 * those before it that were not settled. Rejects as {@link repairWal} and {@link writeRepairs} do, but
 * for a disk that is too full for the record: who opens the store makes room, and is told anyway.
 */
export async function mendWal(
  options: RepairOptions,
  newlyLost: readonly LostRange[],
  write = writeRepairs,
): Promise<Repairs> {
  const { damages, storeDir } = options;
  const earlier = await readRepairs(storeDir);
  const lost = earlier.lost.length === 0 ? newlyLost : joinLost([...earlier.lost, ...newlyLost]);
  if (damages.length === 0) {
    return { problems: [...earlier.problems, ...(await repairWal(options))], lost };
  }
  const planned = plannedRepairs(options);
  const before = earlier.problems.filter((problem) => !isFoundAgain(problem, planned));
  const record = (made: readonly StoreProblem[]) =>
    ifRoom(write(storeDir, { problems: [...before, ...made], lost }));
  const isRecorded = await record(planned);
  const told = await repairWal(options);
  // What was missing without any damage is found by every open.
  const made = told.slice(0, damages.length);
  if (!isRecorded || !isDeepStrictEqual(made, planned)) await record(made);
  return { problems: [...before, ...told], lost };
}

/** Whether something was written; false on a disk that has no room for it. */
async function ifRoom(writing: Promise<void>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (codeOf(error) === 'TSDB_DISK_FULL') return false;
    throw error;
  }
}

/** Whether a repair was recorded and never made: its damage is still there, and nothing was set aside. */
function isFoundAgain({ message, repair }: StoreProblem, found: readonly StoreProblem[]): boolean {
  return found.some((one) => {
    if (one.message === message) return true;
    if (repair === undefined || !('aside' in repair) || existsSync(repair.aside)) return false;
    return one.repair?.kind === repair.kind && one.repair.segment === repair.segment;
  });
}
