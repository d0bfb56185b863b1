// Goal: a full disk costs samples while it is full and nothing else. Method: a data directory on a
// small file system of its own, full to the last page.
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startExporter, type Exporter } from '../host/exporter.ts';
import { canMount, SmallDisk } from '../small-disk.ts';
import { PluginRun } from './plugin-fixture.ts';

const diskTest = canMount() ? test : test.skip;
/** What the disk has, and what it has when there is room again. */
const roomBytes = 16 * 1024 * 1024;

let disk: SmallDisk;
let exporter: Exporter;
let run: PluginRun;

beforeEach(async () => {
  disk = new SmallDisk();
  disk.leave(roomBytes);
  exporter = await startExporter({ profile: 'idle' });
});

afterEach(async () => {
  await run.close();
  await exporter.close();
  disk.remove();
});

async function start(): Promise<void> {
  run = await PluginRun.create({ port: exporter.port, settings: { dbpath: disk.directory } });
  await run.activate();
  await run.target('prometheus', ({ state }) => state === 'up');
}

diskTest(
  'scrapes fail with the reason while the disk is full, and collecting resumes by itself',
  async () => {
    await start();
    disk.leave(0);
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

    disk.leave(roomBytes);
    const up = await run.target('prometheus', ({ state }) => state === 'up');
    expect(up.gaps).toMatchObject([{ reason: 'SCRAPE_DISK_FULL', toMs: expect.any(Number) }]);
    expect((await run.status()).problems.map(({ code }) => code)).not.toContain('TSDB_DISK_FULL');
  },
);

diskTest('a start on a full disk waits for room and then has all that was stored', async () => {
  await start();
  const { oldestSampleMs } = await run.status();
  await run.deactivate();
  disk.leave(0);
  await run.activate();
  const status = await run.eventually('a problem', async () => {
    const answer = await run.status();
    return answer.problems.length > 0 ? answer : undefined;
  });
  expect(status).toMatchObject({ state: 'stopped', problems: [{ code: 'TSDB_DISK_FULL' }] });
  const files = await readdir(disk.directory);
  expect(files.filter((name) => /lock|probe|tmp/.test(name))).toEqual([]);

  disk.leave(roomBytes);
  await run.target('prometheus', ({ state }) => state === 'up');
  const after = await run.status();
  expect([after.store.path, after.oldestSampleMs]).toEqual([disk.directory, oldestSampleMs]);
});
