// The first scrape of a target that nobody has seen, in a process that has just started.
import { BodyMaker, midServer } from './body-maker.ts';
import { report } from './child.ts';
import { FedStore } from './fed-store.ts';
import { SliceProbe } from './slice-probe.ts';

export interface FirstScrapeResult {
  /** CPU time of the main thread. */
  cpuMs: number;
  longestSliceMs: number;
}

const fed = await FedStore.open();
const body = new BodyMaker(1, midServer).next();
const target = fed.target();
const probe = new SliceProbe();
globalThis.gc?.();
await probe.start();
const before = process.threadCpuUsage();
await fed.feed(target, body, fed.clock.timeMs + 1000);
const { user, system } = process.threadCpuUsage(before);
await probe.stop();
await fed.close();
report({
  cpuMs: (user + system) / 1000,
  longestSliceMs: probe.longestMs,
} satisfies FirstScrapeResult);
