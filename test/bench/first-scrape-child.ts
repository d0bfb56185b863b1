// The first scrape of a target that nobody has seen, in a process that has just started.
// usage: first-scrape-child.ts [slices]
import { BodyMaker, midServer } from './body-maker.ts';
import { report } from './child.ts';
import { FedStore } from './fed-store.ts';
import { SliceProbe } from './slice-probe.ts';

export interface FirstScrapeResult {
  /** CPU time of the main thread; too much when slices are measured. */
  cpuMs: number;
  /** 0 when they are not. */
  longestSliceMs: number;
}

const fed = await FedStore.open();
const body = new BodyMaker(1, midServer).next();
const target = fed.target();
const probe = new SliceProbe();
globalThis.gc?.();
// The probe keeps the loop spinning, which is CPU time too: one process measures one of the two.
const watchesSlices = process.argv[2] === 'slices';
if (watchesSlices) await probe.start();
const before = process.threadCpuUsage();
await fed.feed(target, body, fed.clock.timeMs + 1000);
const { user, system } = process.threadCpuUsage(before);
if (watchesSlices) await probe.stop();
await fed.close();
report({
  cpuMs: (user + system) / 1000,
  longestSliceMs: probe.longestMs,
} satisfies FirstScrapeResult);
