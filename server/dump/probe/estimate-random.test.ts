import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../../../lib/runtime/index.ts';
import { hourMs, startMs, type DumpRig } from '../dump-fixture.ts';
import type { DumpContent } from '../selection/index.ts';
import {
  compared,
  plannedRig,
  writePlan,
  type Kind,
  type PlannedStore,
} from './estimate-fixture.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);
const rounds = Number(process.env['ROUNDS'] ?? 2);
const rng = seededRng(seed);

/**
 * Dumps of fewer samples than this are not judged: what is told of them goes by two or three series, and
 * nobody waits for them or runs out of room.
 */
const fewSamples = 1_000;

let rig: DumpRig;
let store: PlannedStore;

beforeEach(async () => {
  ({ rig, store } = await plannedRig());
});

afterEach(async () => {
  await rig.end();
});

function below(limit: number): number {
  return rng.u32() % limit;
}

function oneOf<T>(...list: readonly T[]): T {
  return list[below(list.length)]!;
}

/** Blocks with gaps between some of them, here or in the file store, and perhaps a head. */
async function fill(): Promise<{ fromHour: number }> {
  const isRemote = below(3) === 0;
  const plan = {
    kind: oneOf<Kind>('still', 'lifelike', 'noisy'),
    metrics: 8 + below(20),
    churn: oneOf(0, 0, 20),
  };
  let fromHour = 0.05 + below(20) / 100;
  if (!isRemote && below(3) > 0) {
    const head = {
      fromMs: Math.round(startMs - fromHour * hourMs),
      toMs: startMs,
      seed: below(1e6),
    };
    await store.setHead(rig.root, { ...plan, ...head });
  }
  for (let blocks = 1 + below(3); blocks > 0; blocks--) {
    const toMs = Math.round(startMs - fromHour * hourMs);
    fromHour += 0.05 + below(30) / 100;
    const fromMs = Math.round(startMs - fromHour * hourMs);
    const block = await writePlan(rig.dataDirectory, { ...plan, fromMs, toMs, seed: below(1e6) });
    store.add(block);
    if (isRemote) await rig.makeRemote(block, oneOf('data', 'head'));
    if (below(3) === 0) fromHour += below(20) / 100;
  }
  if (isRemote) await Promise.all([rig.catalog.refresh(), rig.heads.refresh()]);
  return { fromHour };
}

function randomContent(): Partial<DumpContent> {
  const filters = [
    { nodes: [], jobs: ['mattermost'], metrics: [] },
    { nodes: ['app-1.example'], jobs: [], metrics: [] },
    { nodes: [], jobs: [], metrics: ['*_total'] },
  ];
  return {
    filter: below(2) === 0 ? null : oneOf(...filters),
    stepSeconds: oneOf(0, 0, 60, 300, 3600),
    redaction: oneOf('none', 'none', 'hosts-and-ids'),
  };
}

test(`estimates of random dumps are within a quarter of what comes out, seed ${String(seed)}`, async () => {
  let judged = 0;
  for (let round = 0; round < rounds; round++) {
    await rig.end();
    ({ rig, store } = await plannedRig());
    const { fromHour } = await fill();
    for (let dumps = 0; dumps < 3; dumps++) {
      const from = 0.03 + (below(1000) / 1000) * fromHour;
      const to = below(2) === 0 ? 0 : (below(900) / 1000) * from;
      const content = randomContent();
      const found = await compared(rig, [from, to], content).catch((error: unknown) => {
        const isEmpty = /DUMP_(RANGE|FILTER)_EMPTY/.test(String(error));
        if (isEmpty || (error as { code?: string }).code === 'DUMP_RANGE_EMPTY') return undefined;
        throw error;
      });
      if (found === undefined || found.samples < fewSamples) continue;
      judged++;
      const { bytes, samples } = found.ratios;
      const isNear = [bytes, samples].every((ratio) => ratio > 0.75 && ratio < 1.25);
      if (isNear) continue;
      const what = `hours ${String([from, to])} ${JSON.stringify(content)}, round ${String(round)}`;
      const text = `${JSON.stringify(found.ratios)} of ${String(found.samples)} samples, ${what}`;
      throw new Error(`${text}; again with SEED=${String(seed)}`);
    }
  }
  expect(judged).toBeGreaterThan(0);
});
