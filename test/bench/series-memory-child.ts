// Private memory per series: ten targets, then twenty, after as many scrapes as fill a chunk.
import { BodyMaker, busyServer, seriesOf } from './body-maker.ts';
import { report } from './child.ts';
import { FedStore } from './fed-store.ts';
import { median, privateMemoryMb } from './measure.ts';

const step = 10;
const scrapes = 120;

const bodies = new BodyMaker(1).many(40);
const fed = await FedStore.open();
let timeMs = fed.clock.timeMs;

async function addTargets(from: number): Promise<void> {
  const targets = Array.from({ length: step }, (_, i) => fed.target(from + i));
  for (let i = 0; i < scrapes; i++) {
    timeMs += 1000;
    for (const target of targets) await fed.feed(target, bodies[i % bodies.length]!, timeMs);
  }
  // They stay, as the targets of a collector do.
  kept.push(...targets);
}

async function readMemoryMb(): Promise<number> {
  const readings: number[] = [];
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
    readings.push(await privateMemoryMb(process.pid));
  }
  return median(readings);
}

const kept: ReturnType<FedStore['target']>[] = [];
await addTargets(0);
const beforeMb = await readMemoryMb();
await addTargets(step);
const afterMb = await readMemoryMb();
const bytesPerSeries = ((afterMb - beforeMb) * 1e6) / (step * seriesOf(busyServer));
await fed.close();
report({ bytesPerSeries, targets: kept.length });
