import { expect, test } from '@jest/globals';
import type { Gap } from '../../api/index.ts';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import { FakeLedgerFile } from '../collect/collector-fixture.ts';
import { GapLedger } from '../collect/index.ts';
import { GapCopier } from './gap-copier.ts';

const hourMs = 3_600_000;

function gapAt(fromMs: number): Gap {
  return {
    ...{ job: 'prometheus', instance: 'mm1:8067', fromMs, toMs: fromMs + 1000 },
    ...{ reason: 'SCRAPE_REFUSED', message: 'Nothing listens.', missedScrapes: 1 },
  };
}

test('copies all that the collector has noted, then what is new', async () => {
  const clock = new FakeClock();
  const startMs = clock.nowMs();
  const ledger = await GapLedger.open({ file: new FakeLedgerFile(), clock });
  const asked: number[] = [];
  let isListening = true;
  let answer: () => Promise<Gap[]> = () => Promise.resolve([gapAt(startMs - hourMs)]);
  const copier = new GapCopier({
    ...{ clock, logger: silentLogger, ledger },
    isListening: () => isListening,
    ask: (fromMs) => {
      asked.push(fromMs);
      return answer();
    },
  });
  copier.start();
  await clock.advance(60_000);
  answer = () => Promise.reject(new Error('no answer'));
  await clock.advance(60_000);
  answer = () => Promise.resolve([gapAt(startMs - hourMs), gapAt(startMs)]);
  await clock.advance(60_000);
  isListening = false;
  await clock.advance(600_000);
  expect(asked).toEqual([0, startMs + 60_000 - hourMs, startMs + 60_000 - hourMs]);
  expect(ledger.between(0, Infinity)).toHaveLength(2);
  await copier.stop();
  await ledger.close();
  expect(clock.pendingTimers).toBe(0);
});
