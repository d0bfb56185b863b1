// The first scrape of a target that nobody has seen, in a process that has just started and warmed
// up as the plugin does when it begins to collect.
// usage: first-scrape-child.ts [slices]
import { setImmediate as immediate } from 'node:timers/promises';
import { systemRng } from '../../lib/runtime/index.ts';
import { Store } from '../../lib/tsdb/index.ts';
import { warmUp } from '../../server/collect/index.ts';
import { BodyMaker, midServer } from './body-maker.ts';
import { report } from './child.ts';
import { collectSettings, FedStore } from './fed-store.ts';
import { SliceProbe } from './slice-probe.ts';

export interface FirstScrapeResult {
  /** CPU time of the main thread; too much when slices are measured. */
  cpuMs: number;
  /** 0 when they are not. */
  longestSliceMs: number;
}

/** What `server/duty/collecting.ts` does while the first targets make their answers. */
async function rehearse(): Promise<void> {
  const { clock } = fed;
  const store = await Store.rehearsal({ clock, rng: systemRng });
  const { signal } = new AbortController();
  const yieldTurn = () => immediate();
  await warmUp({ clock, store, settings: collectSettings, signal, yieldTurn });
  await store.close();
}

const fed = await FedStore.open();
const body = new BodyMaker(1, midServer).next();
const target = fed.target();
await rehearse();
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
