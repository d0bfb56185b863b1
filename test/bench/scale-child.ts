// Cost of a sample with 100 targets against one target of the same kind: CPU time of the process for
// fetching, parsing and storing. usage: scale-child.ts PORT
import { setTimeout as sleep } from 'node:timers/promises';
import { ScrapeClient } from '../../server/collect/index.ts';
import { report } from './child.ts';
import { FedStore } from './fed-store.ts';
import { median } from './measure.ts';

const targets = 100;
const warmRounds = 5;
const rounds = 3;
const pairs = 7;
const stepMs = 1000;
const sweepMs = 200;

const port = Number(process.argv[2]);
const fed = await FedStore.open();
const client = new ScrapeClient({ clock: fed.clock, version: 'bench' });
const { timeMs } = fed.clock;
// Each has a time of its own, so that it is always scraped at its interval, as a collector does; both get on
// alike, and every second brings a body as of one target.
const many = {
  scraped: Array.from({ length: targets }, (_, i) => fed.target(i)),
  timeMs,
  intervalMs: targets * stepMs,
};
const one = { scraped: [fed.target(targets)], timeMs, intervalMs: stepMs };

/** Scrapes every target `count` times, one after the other, as their ticks spread them. */
async function run(group: typeof many, count: number): Promise<number> {
  // As for `ingest-per-sample`: threads of the engine sweep on behind the call.
  globalThis.gc?.();
  await sleep(sweepMs);
  let samples = 0;
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    group.timeMs += group.intervalMs;
    for (const target of group.scraped) {
      samples += await fed.scrape(target, client, port, group.timeMs);
    }
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / samples;
}

await run(many, warmRounds);
await run(one, warmRounds * targets);
const ratios: number[] = [];
for (let i = 0; i < pairs; i++) {
  const alone = await run(one, rounds * targets);
  ratios.push((await run(many, rounds)) / alone);
}
client.close();
await fed.close();
report({ ratio: median(ratios) });
