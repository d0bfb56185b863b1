import type { Clock } from '../../../lib/runtime/index.ts';
import type { CollectSettings } from '../collect-settings.ts';
import { warmUpRounds } from '../limits.ts';
import type { SampleStore } from '../sample-store.ts';
import { BodyBuffer } from '../slots/index.ts';
import { madeUpBody } from './made-up-body.ts';
import { TargetSeries, type YieldTurn } from './target-series.ts';

export interface WarmUpOptions {
  clock: Clock;
  /** Takes what is made up; nothing else may be in it. */
  store: SampleStore;
  settings: CollectSettings;
  /** Gives other work a turn. */
  yieldTurn: YieldTurn;
  /** Ends it with the slice under way. */
  signal: AbortSignal;
}

/**
 * Runs made-up bodies on the way that those of targets go, so that the engine has met and compiled
 * the code of that way when a target with thousands of series is scraped for the first time: that
 * scrape then takes two thirds of the time.
 */
export async function warmUp(options: WarmUpOptions): Promise<void> {
  const { clock, store, settings, yieldTurn, signal } = options;
  const slot = { body: new BodyBuffer(), batch: store.newBatch() };
  const nowMs = clock.nowMs();
  for (let round = 0; round < warmUpRounds; round++) {
    await yieldTurn();
    if (signal.aborted) return;
    const target = { job: 'warm-up', instance: String(round), isOptional: false };
    const address = { host: '', port: 0, path: '' };
    const series = new TargetSeries({ ...target, ...address }, settings, {
      store,
      clock,
      yieldTurn,
    });
    slot.body.reset(settings.bodySizeLimitBytes);
    slot.body.append(madeUpBody(round));
    const time = { timeMs: nowMs + round, startedMs: clock.monotonicMs() };
    await series.ingest(slot, time, signal);
  }
}
