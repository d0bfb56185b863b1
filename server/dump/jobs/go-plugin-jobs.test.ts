import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { archiveKey } from '../../share/index.ts';
import { removeTree } from '../../share/block-fixture.ts';
import { DumpRig, hourMs, startMs } from '../dump-fixture.ts';

const ready = 'goready00000000000000000ab';
const lost = 'golost000000000000000000ab';
const failed = 'gofailed0000000000000000ab';
const scheduled = 'goscheduled00000000000000a';
const jobsKey = 'mattermost-plugin-metrics_finished_jobs';

let rig: DumpRig;

beforeEach(async () => {
  rig = await DumpRig.create();
});

afterEach(async () => {
  await rig.service.stop();
  await removeTree(rig.root);
});

function goJob(id: string, status: string): Record<string, unknown> {
  return {
    id,
    status,
    create_at: startMs - hourMs,
    min_t: startMs - 5 * hourMs,
    max_t: startMs - 3 * hourMs,
    dump_location: status === 'success' && id.length === 26 ? archiveKey(id) : '',
  };
}

function setKey(key: string, value: unknown): void {
  rig.kv.values.set(key, new TextEncoder().encode(JSON.stringify(value)));
}

test('finished dumps of the Go plugin are listed and can be downloaded; its leftovers go', async () => {
  setKey(jobsKey, {
    [ready]: goJob(ready, 'success'),
    [lost]: goJob(lost, 'success'),
    [failed]: goJob(failed, 'error'),
    '../../etc': goJob('../../etc', 'success'),
    odd: 7,
  });
  setKey(`once_${scheduled}`, { Key: scheduled, RunAt: 0, Props: goJob(scheduled, 'pending') });
  setKey('once_other-job', {});
  setKey(`mutex_${scheduled}`, 1);
  await rig.store.put(archiveKey(ready), Buffer.from('archive'), { sizeBytes: 7 });
  await rig.service.start();

  const dumps = await rig.service.list();
  expect(dumps).toMatchObject([
    {
      id: ready,
      state: 'ready',
      sizeBytes: 7,
      createdAtMs: startMs - hourMs,
      // However old it is: an upgrade deletes nothing for its age at once.
      expiresAtMs: startMs + 7 * 24 * hourMs,
      requested: { fromMs: startMs - 5 * hourMs, toMs: startMs - 3 * hourMs },
    },
  ]);
  const archive = await rig.service.archive(ready);
  expect(archive.etag).not.toBe('');
  const bytes = await (await archive.open({ start: 0, end: 7 })).toArray();
  expect(Buffer.concat(bytes as Buffer[]).toString()).toBe('archive');
  expect([...rig.kv.values.keys()].sort()).toEqual([
    `job:${ready}`,
    `mutex_${scheduled}`,
    'once_other-job',
  ]);
});

test('of a job that is not as the Go plugin leaves one nothing is taken over', async () => {
  const job = goJob(ready, 'success');
  const odd = [
    { dump_location: 'plugin-data/elsewhere/tsdb_dump.tar.gz' },
    { status: 'in_progress' },
    { create_at: 0 },
    { min_t: startMs },
    { max_t: String(startMs) },
  ];
  await rig.store.put(archiveKey(ready), Buffer.from('archive'), { sizeBytes: 7 });
  for (const change of odd) {
    setKey(jobsKey, { [ready]: { ...job, ...change } });
    await rig.service.start();
    expect(await rig.service.list()).toEqual([]);
    await rig.service.stop();
    rig.restart();
  }
  setKey(jobsKey, { [ready]: job });
  await rig.service.start();
  expect(await rig.service.list()).toHaveLength(1);
});

test('a list that cannot be read is no reason to fail', async () => {
  rig.kv.values.set(jobsKey, new TextEncoder().encode('{"'));
  await rig.service.start();
  expect(await rig.service.list()).toEqual([]);
});

test('a deleted dump stays deleted', async () => {
  setKey(jobsKey, { [ready]: goJob(ready, 'success') });
  await rig.store.put(archiveKey(ready), Buffer.from('archive'), { sizeBytes: 7 });
  await rig.service.start();
  await rig.service.delete(ready, 'admin');
  await rig.service.stop();
  rig.restart();
  await rig.service.start();
  expect(await rig.service.list()).toEqual([]);
});

test('what could not be taken over is taken over by the next start', async () => {
  setKey(jobsKey, { [ready]: goJob(ready, 'success') });
  await rig.store.put(archiveKey(ready), Buffer.from('archive'), { sizeBytes: 7 });
  rig.kv.isDown = true;
  await rig.service.start();
  await rig.service.stop();
  rig.kv.isDown = false;
  rig.restart();
  await rig.service.start();
  expect((await rig.service.list()).map(({ id }) => id)).toEqual([ready]);
});
