// Goal: whatever happens to the data directory, the plugin says so and ends when it is told to.
import { readdir, rm } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { collectingRun } from './collecting-run-fixture.ts';

const current = collectingRun();

test('says that its directory is gone, ends all the same, and begins anew', async () => {
  const run = current();
  await rm(run.dataDirectory, { recursive: true });
  const problem = await run.eventually('a problem', async () => {
    const { problems } = await run.status();
    return problems.find(({ code }) => code === 'TSDB_WAL_IO');
  });
  expect(problem.severity).toBe('error');
  await run.deactivate();
  expect(run.failures).toEqual([]);
  await run.activate();
  await run.target('prometheus', ({ state }) => state === 'up');
  expect(await readdir(run.dataDirectory)).toContain('wal');
});

test('moves to another directory although its own is gone', async () => {
  const run = current();
  await rm(run.dataDirectory, { recursive: true });
  await run.reconfigure({ dbpath: 'elsewhere' });
  await run.eventually('the other directory', async () => {
    const { state, store } = await run.status();
    return state === 'collecting' && store.path.endsWith('elsewhere') ? true : undefined;
  });
  expect(run.failures).toEqual([]);
});
