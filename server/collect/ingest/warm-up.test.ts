import { describe, expect, test } from '@jest/globals';
import { FakeClock, systemRng } from '../../../lib/runtime/index.ts';
import { Store } from '../../../lib/tsdb/index.ts';
import { parseSettings } from '../../settings/index.ts';
import { warmUpRounds } from '../limits.ts';
import { warmUp } from './warm-up.ts';

const startMs = 1_700_000_000_000;
const { settings } = parseSettings({});

/** Warms up over a new store; gives its series, and how often others had a turn. */
async function warmed(options: { settings?: typeof settings; stopAtTurn?: number } = {}) {
  const clock = new FakeClock(startMs);
  const store = await Store.rehearsal({ clock, rng: systemRng });
  const stop = new AbortController();
  let turns = 0;
  const yieldTurn = () => {
    turns++;
    if (turns === options.stopAtTurn) stop.abort();
    return Promise.resolve();
  };
  try {
    const { signal } = stop;
    await warmUp({ clock, store, settings: options.settings ?? settings, yieldTurn, signal });
    return { series: store.seriesCount, newestMs: store.newestSampleMs(), turns };
  } finally {
    await store.close();
    expect(clock.pendingTimers).toBe(0);
  }
}

describe('warming up', () => {
  test('stores bodies of new targets, and gives others a turn before each', async () => {
    const { series, newestMs, turns } = await warmed();
    // Each body is of a target of its own, with five series about its scrapes.
    expect(series).toBe(warmUpRounds * (304 + 5));
    expect(newestMs).toBe(startMs + warmUpRounds - 1);
    expect(turns).toBeGreaterThanOrEqual(warmUpRounds);
  });

  test('ends between two bodies when it is to stop', async () => {
    expect(await warmed({ stopAtTurn: 1 })).toMatchObject({ series: 0, turns: 1 });
    expect(await warmed({ stopAtTurn: 2 })).toMatchObject({ series: 309, turns: 2 });
  });

  test('obeys the limits of the settings like any target', async () => {
    const narrow = { ...settings, sampleLimit: 100 };
    await expect(warmed({ settings: narrow })).rejects.toMatchObject({
      code: 'SCRAPE_SAMPLE_LIMIT',
    });
  });
});
