// Cost of a sample with 100 targets against one target of the same kind: CPU time of the process for
// fetching, parsing and storing. usage: scale-child.ts PORT
import { ScrapeClient } from '../../server/collect/index.ts';
import { report } from './child.ts';
import { FedStore } from './fed-store.ts';
import { median } from './measure.ts';

const targets = 100;
const warmRounds = 5;
const rounds = 3;
const pairs = 7;

const port = Number(process.argv[2]);
const fed = await FedStore.open();
const client = new ScrapeClient({ clock: fed.clock, version: 'bench' });
const many = Array.from({ length: targets }, (_, i) => fed.target(i));
const one = [fed.target(targets)];
let timeMs = fed.clock.timeMs;

/** Scrapes every target `count` times, one after the other, as their ticks spread them. */
async function run(scraped: typeof many, count: number): Promise<number> {
  globalThis.gc?.();
  let samples = 0;
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) {
    timeMs += 1000;
    for (const target of scraped) samples += await fed.scrape(target, client, port, timeMs);
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
