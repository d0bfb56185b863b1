import { existsSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { FakeClock, systemRng } from '../../runtime/index.ts';
import { benchStartMs, labelsOf } from './store-fixture.ts';
import { Store } from './store.ts';

test('a rehearsal takes samples as a store does, over many records, and leaves nothing behind', async () => {
  const clock = new FakeClock(benchStartMs);
  const store = await Store.rehearsal({ clock, rng: systemRng });
  const batch = store.newBatch();
  for (let series = 0; series < 7000; series++) {
    batch.push(store.seriesRef(labelsOf('m', { at: String(series) })), series, 7, benchStartMs);
  }
  expect(await store.commit(batch)).toMatchObject({ appended: 7000 });
  expect(store.lastSample(labelsOf('m', { at: '6999' }))).toEqual({
    ...{ timeMs: benchStartMs, lo: 6999, hi: 7 },
  });
  expect(store.stats().walBytes).toBeGreaterThan(7000);
  await store.flush();
  await store.close();
  await expect(store.commit(batch)).rejects.toMatchObject({ code: 'TSDB_CLOSED' });
  for (const name of ['wal', 'lock', '00000000'])
    expect([name, existsSync(name)]).toEqual([name, false]);
  expect(clock.pendingTimers).toBe(0);
});
