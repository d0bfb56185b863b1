// Cost of a sample with 100 targets against one target of the same kind.
import { BodyMaker, type BodyShape } from './body-maker.ts';
import { report } from './child.ts';
import { FedStore } from './fed-store.ts';
import { median } from './measure.ts';

/** 2,100 series: a hundred of them stay below the cap of the head, and a body is not tiny. */
const shape: BodyShape = { gauges: 18, counters: 122, apiSets: 60, storeSets: 80 };
const targets = 100;
const warmRounds = 6;
const rounds = 5;
const pairs = 5;

const bodies = new BodyMaker(1, shape).many(64);
const fed = await FedStore.open();
const many = Array.from({ length: targets }, (_, i) => fed.target(i));
const one = [fed.target(targets)];
let timeMs = fed.clock.timeMs;
let round = 0;

/** Every target is scraped `count` times, one after the other, as their ticks spread them. */
async function run(scraped: typeof many, count: number): Promise<number> {
  globalThis.gc?.();
  let samples = 0;
  let cpuNs = 0;
  for (let i = 0; i < count; i++) {
    timeMs += 1000;
    round++;
    for (const [at, target] of scraped.entries()) {
      const result = await fed.feed(target, bodies[(round + at) % bodies.length]!, timeMs);
      samples += result.samples;
      cpuNs += result.cpuNs;
    }
  }
  return cpuNs / samples;
}

await run(many, warmRounds);
await run(one, warmRounds * 20);
const ratios: number[] = [];
for (let i = 0; i < pairs; i++) {
  const alone = await run(one, rounds * 20);
  ratios.push((await run(many, rounds)) / alone);
}
await fed.close();
report({ ratio: median(ratios) });
