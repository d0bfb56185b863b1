import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { inactiveRun } from '../test/integration/collecting-run-fixture.ts';

/** Only what hangs reaches it. */
jest.setTimeout(360_000);

const currentRun = inactiveRun();

test('tells that the log of the store lacks something, and notes it as a gap of its targets', async () => {
  const run = currentRun();
  let path = '';
  let newestMs = 0;
  for (let life = 0; life < 2; life++) {
    await run.activate();
    const isNewer = (atMs: number | null) => atMs !== null && atMs > newestMs;
    const status = await run.statusWhen(({ newestSampleMs }) => isNewer(newestSampleMs));
    newestMs = status.newestSampleMs ?? 0;
    path = status.store.path;
    await run.deactivate();
  }
  // The begin of a record that never ends, with another segment behind it.
  await writeFile(join(path, 'wal', '00000000'), new Uint8Array([1, 0]), { flag: 'a' });
  await run.activate();
  const { problems } = await run.statusWhen(({ state }) => state === 'collecting');
  expect(problems).toMatchObject([{ code: 'TSDB_WAL_REPAIRED' }]);
  expect(problems[0]?.message).toContain('damaged in segment 00000000');
  const { gaps } = await run.target('prometheus', (target) => target.gaps.length > 0);
  expect(gaps.map(({ reason }) => reason)).toContain('SAMPLES_LOST');
  // It was told by a start that ended well: the next one has nothing to tell.
  await run.deactivate();
  await run.activate();
  const next = await run.statusWhen(({ state }) => state === 'collecting');
  expect(next.problems).toEqual([]);
});
