import { writeSync } from 'node:fs';
import { FakeClock, systemRng } from '../../runtime/index.ts';
import { crashRangeMs, crashRound, crashStartMs } from './crash-fixture.ts';
import { Store } from './store.ts';
import { inlineThread } from './worker-handlers.ts';

// Writes, cuts, merges and deletes from a round on until it is killed; says each round afterwards.
const [dir = '', first = '0'] = process.argv.slice(2);
const clock = new FakeClock(crashStartMs + Number(first) * 1000);
const store = await Store.open({
  ...{ dir, clock, rng: systemRng, thread: inlineThread(), blockRangeMs: crashRangeMs },
  limits: { walSegmentBytes: 32 * 1024 },
  mayMerge: () => true,
});
for (let round = Number(first); ; round++) {
  await clock.advance(1000);
  await crashRound(store, round);
  // Not through the stream: what it still holds when the kill comes would be lost.
  writeSync(1, `${String(round)}\n`);
}
