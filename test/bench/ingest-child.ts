// Parse, append and WAL record: a steady target, and one whose lines churn, taking turns.
import { setTimeout as sleep } from 'node:timers/promises';
import { BodyMaker, busyServer } from './body-maker.ts';
import { report } from './child.ts';
import { FedStore } from './fed-store.ts';
import { median } from './measure.ts';

export interface IngestResult {
  steadyNs: number;
  churnRatio: number;
}

const passes = 12;
const warmUpPasses = 5;
/** As many as a chunk has samples, so that each pass has its share of their ends. */
const scrapesPerPass = 120;
const stepMs = 1000;
const sweepMs = 200;

const fed = await FedStore.open();
const { timeMs } = fed.clock;
// Each has a time of its own, so that a pass goes on where the one before ended: no collector scrapes a target for
// two minutes and then not for two.
const steady = { maker: new BodyMaker(1), target: fed.target(1), timeMs };
const churning = {
  maker: new BodyMaker(2, { ...busyServer, churn: 0.01 }),
  target: fed.target(2),
  timeMs,
};

async function pass(lane: typeof steady): Promise<number> {
  const bodies = lane.maker.many(scrapesPerPass);
  // The garbage of making bodies is not ours to count; threads of the engine sweep on behind the call.
  globalThis.gc?.();
  await sleep(sweepMs);
  let samples = 0;
  let cpuNs = 0;
  for (const body of bodies) {
    lane.timeMs += stepMs;
    const result = await fed.feed(lane.target, body, lane.timeMs);
    samples += result.samples;
    cpuNs += result.cpuNs;
  }
  return cpuNs / samples;
}

const steadyNs: number[] = [];
const ratios: number[] = [];
for (let i = 0; i < passes; i++) {
  const plain = await pass(steady);
  const churned = await pass(churning);
  // What runs for new series alone, 58 times per scrape, is compiled by then.
  if (i < warmUpPasses) continue;
  steadyNs.push(plain);
  ratios.push(churned / plain);
}
await fed.close();
report({ steadyNs: median(steadyNs), churnRatio: median(ratios) } satisfies IngestResult);
