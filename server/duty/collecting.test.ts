import { describe, expect, test } from '@jest/globals';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import { FakeFetcher, FakeLedgerFile, testSettings } from '../collect/collector-fixture.ts';
import { GapLedger } from '../collect/index.ts';
import { FakeStore } from '../collect/sample-store-fixture.ts';
import { Collecting, type Rehearsal } from './collecting.ts';

const noTargets = { targets: [], problems: [] };

/** Collecting over fakes, with the rehearsals that were opened and how many were closed. */
async function makeCollecting(open: () => Promise<void> = () => Promise.resolve()) {
  const clock = new FakeClock();
  const rehearsals: FakeStore[] = [];
  let closed = 0;
  const ledger = await GapLedger.open({ file: new FakeLedgerFile(), clock });
  const collecting = new Collecting({
    ...{ clock, ledger, logger: silentLogger, hostName: 'mm1' },
    ...{ store: new FakeStore(), fetcher: new FakeFetcher(clock) },
    async openRehearsal(): Promise<Rehearsal> {
      const store = new FakeStore();
      rehearsals.push(store);
      await open();
      const close = () => {
        closed++;
        return Promise.resolve();
      };
      return { store, close };
    },
  });
  return { collecting, rehearsals, closed: () => closed };
}

describe('collecting', () => {
  test('warms up once, however often it begins, and never into its own store', async () => {
    const { collecting, rehearsals, closed } = await makeCollecting();
    collecting.begin(noTargets, testSettings);
    await collecting.end();
    collecting.begin(noTargets, testSettings);
    await collecting.end();
    expect(rehearsals).toHaveLength(1);
    expect(closed()).toBe(1);
  });

  test('goes on when warming up fails', async () => {
    const { collecting, rehearsals } = await makeCollecting(() =>
      Promise.reject(new Error('no memory')),
    );
    collecting.begin(noTargets, testSettings);
    expect(collecting.collector).toBeDefined();
    await collecting.end();
    expect(rehearsals).toHaveLength(1);
  });
});
