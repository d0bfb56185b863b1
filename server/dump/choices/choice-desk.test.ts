import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { seededRng } from '../../../lib/runtime/index.ts';
import { newUlid, writeBlock } from '../../../lib/tsdb/index.ts';
import { bitsOf, put, seriesOf, type Model } from '../../../lib/tsdb/model-fixture.ts';
import { blockInfo } from '../../share/block-fixture.ts';
import { DumpRig, hourMs, hours, startMs } from '../dump-fixture.ts';
import { choiceBudgetMs, maxChoices, maxFetchedIndexes } from '../limits.ts';

let rig: DumpRig;
let calls: string[];
let seed: number;

beforeEach(async () => {
  rig = await DumpRig.create();
  calls = [];
  seed = 1;
  rig.onCall = (method) => {
    calls.push(method);
    return Promise.resolve();
  };
  await rig.service.start();
});

afterEach(async () => {
  await rig.end();
});

/** A block of the hour that ends so many hours before the start, with a series per instance and job. */
async function addBlock(hour: number, targets: [instance: string, job: string][]) {
  const model: Model = new Map();
  for (const [instance, job] of targets) {
    const labels = ['__name__', 'up', 'instance', instance, 'job', job];
    put(model, labels, startMs - hour * hourMs, bitsOf(1));
  }
  const ulid = newUlid(startMs - hour * hourMs, seededRng(seed++));
  const { dir } = writeBlock({ parentDir: rig.root, ulid, series: seriesOf(model) })!;
  const block = await blockInfo(dir);
  rig.local.add(block);
  return block;
}

async function addRemote(hour: number, instance: string, area: 'data' | 'head' = 'data') {
  await rig.makeRemote(await addBlock(hour, [[instance, 'm']]), area);
}

test('names the hosts and jobs that blocks in the range have, sorted, each once', async () => {
  await addBlock(9, [['old:1', 'old']]);
  await addBlock(3, [
    ['app2:8067', 'mattermost'],
    ['app2:9100', 'node'],
    ['[fd00::5]:9100', 'node'],
  ]);
  await addBlock(2, [['app1:8067', 'mattermost']]);
  expect(await rig.service.choices(hours(4, 0))).toEqual({
    hosts: ['app1', 'app2', 'fd00::5'],
    jobs: ['mattermost', 'node'],
    isCut: false,
  });
  expect((await rig.service.choices(hours(10, 8))).hosts).toEqual(['old']);
  expect(await rig.service.choices(hours(7, 6))).toEqual({ hosts: [], jobs: [], isCut: false });
});

test('adds what the head has had since the range began', async () => {
  rig.local.head = { mint: startMs - 2 * hourMs, maxt: startMs };
  const labels = (value: string, job: string, hour: number) => {
    const lastMs = startMs - hour * hourMs;
    return [
      { name: 'instance', value, lastMs },
      { name: 'job', value: job, lastMs },
    ];
  };
  rig.local.headLabels = [...labels('here:1', 'm', 0), ...labels('left:1', 'n', 1)];
  expect(await rig.service.choices(hours(2, 0))).toMatchObject({
    hosts: ['here', 'left'],
    jobs: ['m', 'n'],
  });
  expect(await rig.service.choices(hours(0.5, 0))).toMatchObject({ hosts: ['here'], jobs: ['m'] });
  expect(await rig.service.choices(hours(9, 8))).toMatchObject({ hosts: [], jobs: [] });
  expect(calls).toEqual([]);
});

test('looks at each block once', async () => {
  await addBlock(3, [['a:1', 'm']]);
  await rig.service.choices(hours(4, 0));
  expect(calls).toEqual(['dump.values']);
  await addBlock(2, [['b:1', 'm']]);
  await Promise.all([rig.service.choices(hours(4, 0)), rig.service.choices(hours(4, 0))]);
  expect(calls).toEqual(['dump.values', 'dump.values']);
  expect((await rig.service.choices(hours(4, 0))).hosts).toEqual(['a', 'b']);
});

test('fetches indexes of the file store, a few for each question, blocks before snapshots', async () => {
  const count = maxFetchedIndexes + 2;
  for (let at = 0; at < count; at++) await addRemote(3 + at, `host-${String(at)}:1`);
  await addRemote(1, 'snapshot:1', 'head');
  await rig.catalog.refresh();
  await rig.heads.refresh();
  const first = await rig.service.choices(hours(40, 0));
  expect([first.hosts.length, first.isCut]).toEqual([maxFetchedIndexes, true]);
  expect(first.hosts).not.toContain('snapshot');
  const all = await rig.service.choices(hours(40, 0));
  expect([all.hosts.length, all.isCut]).toEqual([count + 1, false]);
  expect(all.hosts).toContain('snapshot');
});

test('takes no longer than it may, and goes on with the next question', async () => {
  await addBlock(4, [['a:1', 'm']]);
  await addBlock(3, [['b:1', 'm']]);
  await addBlock(2, [['c:1', 'm']]);
  // Each look at the clock comes after a block that took its time.
  const { monotonicMs } = rig.clock;
  let spentMs = 0;
  rig.clock.monotonicMs = () => monotonicMs.call(rig.clock) + (spentMs += choiceBudgetMs);
  const found: number[] = [];
  for (let asked = 0; asked < 3; asked++) {
    found.push((await rig.service.choices(hours(5, 0))).hosts.length);
  }
  rig.clock.monotonicMs = monotonicMs;
  expect(found[0]).toBeLessThan(3);
  expect(found).toEqual([...found].sort());
  expect((await rig.service.choices(hours(5, 0))).isCut).toBe(false);
});

test('has a most of them, and says so', async () => {
  const targets = Array.from({ length: maxChoices + 1 }, (_, at): [string, string] => [
    `host-${String(1000 + at)}:1`,
    'm',
  ]);
  await addBlock(2, targets.slice(0, maxChoices));
  expect((await rig.service.choices(hours(4, 0))).isCut).toBe(false);
  await addBlock(1, targets);
  const told = await rig.service.choices(hours(4, 0));
  expect([told.hosts.length, told.isCut]).toEqual([maxChoices, true]);
});

test('a block that is gone or damaged leaves the others', async () => {
  const gone = await addBlock(3, [['a:1', 'm']]);
  await addBlock(2, [['b:1', 'm']]);
  await rm(gone.dir, { recursive: true });
  const told = await rig.service.choices(hours(4, 0));
  expect(told).toEqual({ hosts: ['b'], jobs: ['m'], isCut: true });
});

test('refuses a range that makes no sense, and everything after the end', async () => {
  await expect(rig.service.choices(hours(0, 1))).rejects.toMatchObject({
    code: 'DUMP_RANGE_REVERSED',
  });
  await rig.service.stop();
  await expect(rig.service.choices(hours(1, 0))).rejects.toMatchObject({ code: 'DUMP_STOPPED' });
});
