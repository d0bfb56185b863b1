// Goal: a full disk costs samples while it is full and nothing else. Method: a data directory on a
// small file system of its own, filled to the last byte.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startExporter, type Exporter } from '../host/exporter.ts';
import { PluginRun } from './plugin-fixture.ts';

const diskTest = canMount() ? test : test.skip;

let directory: string;
let data: string;
let exporter: Exporter;
let run: PluginRun;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'full-disk-'));
  data = join(directory, 'data');
  await mkdir(data);
  exporter = await startExporter({ profile: 'idle' });
});

afterEach(async () => {
  await run.close();
  await exporter.close();
  execFileSync('umount', ['-l', data], { stdio: 'ignore' });
  await rm(directory, { recursive: true });
});

/** Whether this is root in a place that lets root mount: containers often do not. */
function canMount(): boolean {
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

async function start(): Promise<void> {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', data]);
  run = await PluginRun.create({ port: exporter.port, settings: { dbpath: data } });
  await run.activate();
  await run.target('prometheus', ({ state }) => state === 'up');
}

function fillDisk(): void {
  const file = openSync(join(data, 'ballast'), 'w');
  const piece = Buffer.alloc(4096, 1);
  try {
    for (;;) writeSync(file, piece);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    closeSync(file);
  }
}

diskTest(
  'scrapes fail with the reason while the disk is full, and collecting resumes by itself',
  async () => {
    await start();
    fillDisk();
    const down = await run.target('prometheus', ({ gaps }) => (gaps[0]?.missedScrapes ?? 0) > 1);
    expect(down).toMatchObject({
      state: 'down',
      lastError: { code: 'SCRAPE_DISK_FULL' },
      gaps: [{ reason: 'SCRAPE_DISK_FULL', toMs: null }],
    });
    const { problems } = await run.status();
    // One trouble, told once.
    expect(problems.map(({ code }) => code)).toEqual(['TSDB_DISK_FULL']);
    await expect(run.dump()).rejects.toThrow('DUMP_NO_SPACE');

    await rm(join(data, 'ballast'));
    const up = await run.target('prometheus', ({ state }) => state === 'up');
    expect(up.gaps).toMatchObject([{ reason: 'SCRAPE_DISK_FULL', toMs: expect.any(Number) }]);
    expect((await run.status()).problems.map(({ code }) => code)).not.toContain('TSDB_DISK_FULL');
  },
);

diskTest('a start on a full disk waits for room and then has all that was stored', async () => {
  await start();
  const { oldestSampleMs } = await run.status();
  await run.deactivate();
  fillDisk();
  await run.activate();
  const status = await run.eventually('a problem', async () => {
    const answer = await run.status();
    return answer.problems.length > 0 ? answer : undefined;
  });
  expect(status).toMatchObject({ state: 'stopped', problems: [{ code: 'TSDB_DISK_FULL' }] });
  const files = await readdir(data);
  expect(files.filter((name) => /lock|probe|tmp/.test(name))).toEqual([]);

  await rm(join(data, 'ballast'));
  await run.target('prometheus', ({ state }) => state === 'up');
  const after = await run.status();
  expect([after.store.path, after.oldestSampleMs]).toEqual([data, oldestSampleMs]);
});
