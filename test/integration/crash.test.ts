// Goal: what is killed goes on where it was, and two over one directory do no harm. Method: the bundle
// under the stand-in.
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect } from '@jest/globals';
import type { Dump, Status } from '../../api/index.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { testNeeding } from '../programs.ts';
import { processEnds, startBundle, type BundleRun } from './bundle-fixture.ts';
import { eventually } from './plugin-fixture.ts';

const bundleTest = testNeeding({ files: [hostBundle] });

const runs: BundleRun[] = [];

afterEach(async () => {
  // The last first: it may live in a directory of the one before.
  for (const run of runs.splice(0).reverse()) {
    await run.stop();
    expect(run.host.violations).toEqual([]);
  }
});

async function start(options: Parameters<typeof startBundle>[0] = {}): Promise<BundleRun> {
  const run = await startBundle(options);
  runs.push(run);
  await collects(run);
  return run;
}

function collects(run: BundleRun, sinceMs = 0): Promise<Status> {
  return eventually('a sample', async () => {
    const status = await run.get<Status>('status');
    return (status.newestSampleMs ?? 0) > sinceMs ? status : undefined;
  });
}

const storeOf = (run: BundleRun) => join(run.host.directory, 'mattermost-plugin-metrics/data');

bundleTest('ends when its host is gone, and frees the data directory', async () => {
  const run = await start();
  const { connection, pid } = run.active().process;
  connection.session.close();
  await processEnds(pid);
  expect(existsSync(join(storeOf(run), 'lock'))).toBe(false);
});

bundleTest('killed in the middle of a dump it goes on with everything, the dump too', async () => {
  const run = await start({ exporter: { profile: 'mid' } });
  const before = await run.get<Status>('status');
  const body = JSON.stringify({ from: Date.now() - 60_000, to: Date.now() });
  const created = await run.request('dumps', { method: 'POST', body });
  const { id } = (await created.json()) as Dump;
  await run.active().process.crash();
  // What a crash at another moment would leave.
  const half = join(storeOf(run), '01J00000000000000000000000.tmp-for-creation');
  await mkdir(join(half, 'chunks'), { recursive: true });
  await writeFile(join(half, 'index'), 'half');
  const headless = join(storeOf(run), '01J00000000000000000000001');
  await mkdir(join(headless, 'chunks'), { recursive: true });
  await run.host.disable(manifest.id);
  await run.host.enable(manifest.id);
  const dump = await eventually('the dump', async () => {
    const answer = await run.request(`dumps/${id}`);
    const { state, ...rest } = (await answer.json()) as Dump;
    return state === 'ready' || state === 'failed' ? { state, ...rest } : undefined;
  });
  expect(dump).toMatchObject({ state: 'ready', error: null });
  const after = await run.get<Status>('status');
  expect(after.oldestSampleMs).toBe(before.oldestSampleMs);
  expect(existsSync(half)).toBe(false);
  await eventually('no files of a dump', async () =>
    (await readdir(join(storeOf(run), 'dump-work'))).length === 0 ? true : undefined,
  );
  expect(after.problems.map(({ code }) => code)).toContain('TSDB_BAD_BLOCK');
});

bundleTest('a second plugin over the same data directory says who has it and waits', async () => {
  const first = await start();
  const settings = { dbpath: storeOf(first) };
  const second = await startBundle({ settings });
  runs.push(second);
  const held = await eventually('a problem', async () => {
    const status = await second.get<Status>('status');
    return status.problems.length > 0 ? status : undefined;
  });
  expect(held).toMatchObject({ state: 'stopped', problems: [{ code: 'TSDB_LOCKED' }] });
  expect(held.problems[0]?.message).toContain(String(first.active().process.pid));
  await first.host.disable(manifest.id);
  await collects(second);
});
