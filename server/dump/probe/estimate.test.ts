import { afterEach, beforeEach, describe, test } from '@jest/globals';
import { hourMs, hours, startMs, type DumpRig } from '../dump-fixture.ts';
import { wholeContent, type DumpContent } from '../selection/index.ts';
import {
  compared,
  plannedRig,
  writePlan,
  type Kind,
  type Plan,
  type PlannedStore,
} from './estimate-fixture.ts';

const minuteMs = 60_000;

let rig: DumpRig;
let store: PlannedStore;

beforeEach(async () => {
  ({ rig, store } = await plannedRig());
});

afterEach(async () => {
  await rig.end();
});

async function addBlocks(
  plan: Omit<Plan, 'fromMs' | 'toMs' | 'seed'>,
  ...spans: [number, number][]
) {
  for (const [at, [from, to]] of spans.entries()) {
    const range = { fromMs: startMs - from * hourMs, toMs: startMs - to * hourMs };
    store.add(await writePlan(rig.dataDirectory, { ...plan, ...range, seed: 50 + at }));
  }
}

/** Compares an estimate with what comes out. */
async function check(from: number, to: number, content: Partial<DumpContent> = {}): Promise<void> {
  const { ratios } = await compared(rig, [from, to], content);
  const isNear = Object.values(ratios).every((ratio) => ratio > 0.75 && ratio < 1.25);
  if (isNear) return;
  const what = `${String([from, to])} ${JSON.stringify(content)}`;
  throw new Error(`${JSON.stringify(ratios)} of hours ${what}`);
}

const half = { nodes: [], jobs: ['mattermost'], metrics: ['metric_00*'] };
const one = { nodes: ['db-1.example'], jobs: [], metrics: ['*_total'] };

describe('an estimate is within a quarter of what comes out', () => {
  test.each<[Kind, number]>([
    ['still', 60],
    ['lifelike', 60],
    ['noisy', 60],
  ])('of a store of %s series, cut, filtered, thinned and redacted', async (kind, metrics) => {
    await addBlocks({ kind, metrics }, [0.5, 0.25], [0.25, 0]);
    await check(0.5, 0);
    await check(0.4, 0.1, { filter: half });
    await check(0.5, 0, { filter: one, stepSeconds: 60, redaction: 'hosts-and-ids' });
  });

  test('of series that come and go', async () => {
    await addBlocks({ kind: 'lifelike', metrics: 60, churn: 40 }, [0.6, 0.4], [0.4, 0.2], [0.2, 0]);
    await check(0.6, 0);
    await check(0.5, 0, { filter: half, stepSeconds: 60 });
  });

  test('of a block and a head', async () => {
    const plan = { kind: 'lifelike', metrics: 60, seed: 9 } as const;
    await store.setHead(rig.root, { ...plan, fromMs: startMs - 1.25 * hourMs, toMs: startMs });
    await check(0.5, 0, { filter: half });
    await addBlocks(plan, [1.5, 1.25]);
    await check(1.5, 0.2, { stepSeconds: 60 });
  });

  test('of a head that has grown since it was asked about', async () => {
    const plan = { kind: 'lifelike', metrics: 60, seed: 9, toMs: startMs } as const;
    await store.setHead(rig.root, { ...plan, fromMs: startMs - 60_000 });
    await check(0.5, 0, { stepSeconds: 60 });
    // By now it has more than half an hour.
    await store.setHead(rig.root, {
      ...plan,
      fromMs: startMs - 0.5 * hourMs,
      toMs: startMs + 600_000,
    });
    await check(0.5, 0);
    await check(0.5, 0, { stepSeconds: 60 });
  });

  test('of the last minutes of a head that has grown since it was looked at', async () => {
    const plan = {
      kind: 'lifelike',
      metrics: 60,
      seed: 9,
      fromMs: startMs - 11 * minuteMs,
    } as const;
    for (const stepSeconds of [60, 300, 3600]) {
      for (const minutes of [1, 5]) {
        await store.setHead(rig.root, { ...plan, toMs: startMs - 50_000 });
        await rig.service.estimate(hours(0.5, 0), { ...wholeContent, stepSeconds });
        await store.setHead(rig.root, { ...plan, toMs: startMs });
        await check(minutes / 60, 0, { stepSeconds });
      }
    }
  });

  test('of snapshots of heads in the file store, of which each has another length', async () => {
    const spans = [
      [20, 12],
      [12, 2],
      [2, 1],
      [1, 0.5],
      [0.5, 0],
    ] as const;
    for (const [at, [from, to]] of spans.entries()) {
      const range = { fromMs: startMs - from * minuteMs, toMs: startMs - to * minuteMs };
      const block = await writePlan(rig.dataDirectory, {
        ...range,
        ...{ kind: 'lifelike', metrics: 20, seed: 70 + at },
      });
      store.add(block);
      await rig.makeRemote(block, 'head');
    }
    await rig.heads.refresh();
    await check(1 / 60, 0, { stepSeconds: 300 });
    await check(5 / 60, 0, { stepSeconds: 3600 });
    await check(15 / 60, 0, { stepSeconds: 60 });
  });

  test('of blocks in the file store only', async () => {
    await addBlocks({ kind: 'lifelike', metrics: 60 }, [0.5, 0.25], [0.25, 0]);
    for (const block of store.blocks()) await rig.makeRemote(block);
    await rig.catalog.refresh();
    await check(0.5, 0, { filter: half, stepSeconds: 60 });
  });
});
