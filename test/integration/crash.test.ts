// Goal: what is killed goes on where it was, and two over one directory do no harm. Method: the bundle
// under the stand-in.
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect } from '@jest/globals';
import type { Dump, Status } from '../../api/index.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { testNeeding } from '../programs.ts';
import { BundleRuns, collects, processEnds, storeOf } from './bundle-fixture.ts';
import { eventually } from './plugin-fixture.ts';

const bundleTest = testNeeding({ files: [hostBundle] });

const runs = new BundleRuns();

afterEach(async () => {
  expect(await runs.end()).toEqual([]);
});

bundleTest('ends when its host is gone, and frees the data directory', async () => {
  const run = await runs.collecting();
  const { connection, pid } = run.active().process;
  connection.session.close();
  await processEnds(pid);
  expect(existsSync(join(storeOf(run), 'lock'))).toBe(false);
});

bundleTest('killed in the middle of a dump it goes on with everything, the dump too', async () => {
  const run = await runs.collecting({ exporter: { profile: 'mid' } });
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
  const first = await runs.collecting();
  const settings = { dbpath: storeOf(first) };
  const second = await runs.start({ settings });
  const held = await eventually('a problem', async () => {
    const status = await second.get<Status>('status');
    return status.problems.length > 0 ? status : undefined;
  });
  expect(held).toMatchObject({ state: 'stopped', problems: [{ code: 'TSDB_LOCKED' }] });
  expect(held.problems[0]?.message).toContain(String(first.active().process.pid));
  await first.host.disable(manifest.id);
  await collects(second);
});
