import {
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { seededRng, systemRng } from '../../runtime/index.ts';
import { writeBlock } from '../disk/index.ts';
import { bitsOf, put, seriesOf, staleBits, type Model } from '../model-fixture.ts';
import { SampleBatch } from '../sample-batch.ts';
import { newUlid } from '../ulid.ts';
import { PageFramer, SamplesEncoder, encodeSeriesRecord } from '../wal/index.ts';
import { checkDirectory, type CheckSummary, type Finding } from './index.ts';

/** Seed of a random test: from the environment, else a new one; print it on failure. */
export function testSeed(): number {
  const given = process.env['SEED'];
  return given === undefined
    ? new DataView(systemRng.bytes(4).buffer as ArrayBuffer).getUint32(0)
    : Number(given);
}

/** Checks and gathers everything. */
export function check(dir: string): { findings: Finding[]; summary: CheckSummary } {
  const findings: Finding[] = [];
  const summary = checkDirectory(dir, { report: (finding) => findings.push(finding) });
  return { findings, summary };
}

/** Codes of the error findings, each once. */
export function errorCodes(dir: string): string[] {
  const errors = check(dir).findings.filter(({ severity }) => severity === 'error');
  return [...new Set(errors.map(({ code }) => code))].sort();
}

/** Runs a test in a directory of its own. */
export function withDir<T>(test: (dir: string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), 'tsdb-check-'));
  try {
    return test(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export const fixtureStartMs = 1_700_000_000_000;

/** A small block: a few series, several chunks each, more than one segment. Returns its directory. */
export function smallBlock(parentDir: string, seed = 1, segmentBytes = 90): string {
  const rng = seededRng(seed);
  const model: Model = new Map();
  for (const labels of [
    ['__name__', 'a'],
    ['__name__', 'a', 'x', 'é'],
  ]) {
    for (let at = 0; at < 9; at++) {
      const bits = rng.u32() % 9 === 0 ? staleBits : bitsOf(rng.u32() % 100);
      put(model, labels, fixtureStartMs + at * 1000 + (rng.u32() % 400), bits);
    }
  }
  const ulid = newUlid(fixtureStartMs, rng);
  return writeBlock({ parentDir, ulid, series: seriesOf(model, 5), segmentBytes })!.dir;
}

/** One segment of a WAL: series, samples, a record over several pages when `isLong`. */
export function smallWal(isLong = false): { bytes: Uint8Array; recordEnds: number[] } {
  const framer = new PageFramer();
  const encoder = new SamplesEncoder();
  const recordEnds: number[] = [];
  const append = (record: Uint8Array): void => {
    framer.append(record);
    recordEnds.push(framer.segmentBytes);
  };
  append(
    encodeSeriesRecord([
      { ref: 1, labels: ['__name__', 'a'] },
      { ref: 2, labels: ['__name__', 'b', 'x', isLong ? 'y'.repeat(70_000) : 'y'] },
    ]),
  );
  for (let round = 0; round < 4; round++) {
    const batch = new SampleBatch();
    for (const ref of [1, 2]) batch.push(ref, round, ref, fixtureStartMs + round);
    append(encoder.encode(batch));
  }
  return { bytes: framer.pending.slice(), recordEnds };
}

/**
 * Makes `bytes` the content of a file. They go over what it holds: a file that is emptied first waits
 * for the disk when it is closed, which a hundred thousand damages do not have the time for.
 */
export function overwrite(file: string, bytes: Uint8Array): void {
  const handle = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o640);
  try {
    writeSync(handle, bytes, 0, bytes.length, 0);
    ftruncateSync(handle, bytes.length);
  } finally {
    closeSync(handle);
  }
}

/** Writes `wal/00000000` into the directory. */
export function writeWal(dir: string, bytes: Uint8Array, segment = '00000000'): void {
  mkdirSync(join(dir, 'wal'), { recursive: true });
  overwrite(join(dir, 'wal', segment), bytes);
}

/** Paths of all files below `dir`. */
export function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(dir, name)).isFile())
    .sort();
}
