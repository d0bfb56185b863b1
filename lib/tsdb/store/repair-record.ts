import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, errorText, replaceFile } from '../../runtime/index.ts';
import { maxRecordedLosses, maxRepairRecordBytes, maxReplayProblems } from './limits.ts';
import type { LostRange, StoreProblem, WalRepair } from './types.ts';
import { walError } from './wal-writer.ts';

/** What was mended in a WAL, and the times of which samples are missing since. */
export interface Repairs {
  problems: readonly StoreProblem[];
  lost: readonly LostRange[];
}

const recordName = 'wal.repaired.json';

/**
 * The repairs that were recorded and not settled: whoever made them may have ended before anybody was
 * told. A record that cannot be read says so instead of what it was about.
 */
export async function readRepairs(storeDir: string): Promise<Repairs> {
  const path = join(storeDir, recordName);
  try {
    const { size } = await stat(path);
    if (size > maxRepairRecordBytes) throw new Error(`it has ${String(size)} bytes`);
    return parseRepairs(await readFile(path, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { problems: [], lost: [] };
    const message = `the WAL was repaired, and the record of it cannot be read: ${errorText(error)}`;
    return { problems: [{ code: 'TSDB_WAL_REPAIRED', message }], lost: [] };
  }
}

/** Records repairs durably, in place of those before. Rejects with `TSDB_DISK_FULL` or `TSDB_WAL_IO`. */
export async function writeRepairs(storeDir: string, { problems, lost }: Repairs): Promise<void> {
  const told = problems.slice(0, maxReplayProblems);
  const record = { version: 1, problems: told, lost: joinLost(lost) };
  try {
    await replaceFile(join(storeDir, recordName), `${JSON.stringify(record)}\n`, 0o640);
  } catch (cause) {
    throw walError(cause);
  }
}

/** The repairs have been told: no later open reads of them. */
export async function settleRepairs(storeDir: string): Promise<void> {
  for (const name of [recordName, `${recordName}.tmp`]) {
    await rm(join(storeDir, name), { force: true });
  }
}

/** The same times with no overlaps, oldest first; from the limit on, the newest are one range. */
export function joinLost(ranges: readonly LostRange[]): LostRange[] {
  const joined: LostRange[] = [];
  for (const { mint, maxt } of ranges.toSorted((one, other) => one.mint - other.mint)) {
    const last = joined.at(-1);
    if (last === undefined || (mint > last.maxt && joined.length < maxRecordedLosses)) {
      joined.push({ mint, maxt });
    } else joined[joined.length - 1] = { mint: last.mint, maxt: Math.max(last.maxt, maxt) };
  }
  return joined;
}

const codes = ['TSDB_WAL_REPAIRED', 'TSDB_WAL_COMPRESSED'];

/** What each kind of repair has, and of which type. */
const fieldsOf: {
  [K in WalRepair['kind']]: Record<
    Exclude<keyof Extract<WalRepair, { kind: K }>, 'kind'>,
    'string' | 'number'
  >;
} = {
  torn: { segment: 'string', offset: 'number', bytes: 'number' },
  cut: { segment: 'string', offset: 'number', bytes: 'number', reason: 'string' },
  moved: {
    ...{ segment: 'string', offset: 'number', bytes: 'number', reason: 'string' },
    ...{ segments: 'number', aside: 'string' },
  },
  foreign: { segment: 'string', segments: 'number', aside: 'string' },
  hole: { path: 'string' },
  nameless: { samples: 'number' },
};

function parseRepairs(text: string): Repairs {
  const { version, problems, lost } = fieldsIn(JSON.parse(text));
  if (version !== 1) throw new Error(`its version is ${String(version)}`);
  if (!Array.isArray(problems) || !problems.every(isProblem)) throw new Error('it is damaged');
  if (!Array.isArray(lost) || !lost.every(isRange)) throw new Error('it is damaged');
  return { problems, lost };
}

function fieldsIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isProblem(value: unknown): value is StoreProblem {
  const { code, message, repair } = fieldsIn(value);
  if (typeof code !== 'string' || !codes.includes(code) || typeof message !== 'string')
    return false;
  return repair === undefined || isRepair(repair);
}

function isRepair(value: unknown): value is WalRepair {
  const { kind, ...fields } = fieldsIn(value);
  if (typeof kind !== 'string' || !Object.hasOwn(fieldsOf, kind)) return false;
  const wanted = Object.entries(fieldsOf[kind as WalRepair['kind']]);
  return wanted.every(([name, type]) => typeof fields[name] === type);
}

function isRange(value: unknown): value is LostRange {
  const { mint, maxt } = fieldsIn(value);
  return Number.isSafeInteger(mint) && Number.isSafeInteger(maxt) && Number(mint) < Number(maxt);
}
