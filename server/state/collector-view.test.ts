import { expect, test } from '@jest/globals';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import { ClusterError } from '../cluster/index.ts';
import { healthyStatus, healthyTargets } from '../../test/e2e/fixture-status.ts';
import { answerAsk, type StateAsk, type StateSource } from './collector-state.ts';
import { CollectorView } from './collector-view.ts';

const source: StateSource = {
  status: () => Promise.resolve(healthyStatus(5)),
  targets: () => healthyTargets(5),
  cardinality: () => undefined,
  collected: ({ fromMs }) => ({
    targets: healthyTargets(5),
    gaps: [
      {
        ...{ job: 'j', instance: 'i', fromMs, toMs: null },
        ...{ reason: 'SCRAPE_REFUSED', message: 'm', missedScrapes: 2 },
      },
    ],
    metadata: { go_threads: [{ type: 'gauge', help: 'Threads.', unit: '' }] },
    warnings: [],
  }),
};

/** A view of a collector that answers as long as the test wants it to. */
function bench() {
  const clock = new FakeClock();
  const asked: string[] = [];
  const state = { isThere: true, answer: (ask: StateAsk) => answerAsk(ask, source) };
  const view = new CollectorView({
    ...{ clock, logger: silentLogger },
    isThere: () => state.isThere,
    copied: () => ({ gaps: [], metadata: { copied: [] } }),
    ask: async (ask) => {
      asked.push(ask.what);
      const text = JSON.stringify(await state.answer(ask));
      return JSON.parse(text) as unknown;
    },
  });
  return { asked, clock, state, view };
}

const silence = () => Promise.reject(new ClusterError('CLUSTER_TIMEOUT', 'Node b did not answer.'));

test('asks once for all who want to know within three seconds', async () => {
  const { asked, clock, view } = bench();
  const [first, second] = await Promise.all([view.status(), view.status()]);
  expect([first?.state, second]).toEqual(['collecting', first]);
  await view.status();
  expect(asked).toEqual(['status']);
  await clock.advance(3000);
  expect(await view.targets()).toEqual(healthyTargets(5));
  await view.status();
  expect(asked).toEqual(['status', 'targets', 'status']);
  expect([await view.cardinality(), view.problems()]).toEqual([undefined, []]);
});

test('shows what it knew when nobody answers, and how old that is', async () => {
  const { clock, state, view } = bench();
  await view.status();
  state.answer = silence;
  await clock.advance(30_000);
  expect((await view.status())?.state).toBe('collecting');
  expect(view.problems()).toMatchObject([
    {
      code: 'CLUSTER_COLLECTOR_SILENT',
      message: expect.stringMatching(/CLUSTER_TIMEOUT.*30 s old/),
    },
  ]);
  state.isThere = false;
  expect(view.problems()).toEqual([]);
  state.isThere = true;
  state.answer = (ask) => answerAsk(ask, source);
  await clock.advance(3000);
  await view.status();
  expect(view.problems()).toEqual([]);
});

test('counts a long silence as an error: perhaps nobody collects', async () => {
  const { clock, state, view } = bench();
  await view.status();
  state.answer = silence;
  // Nobody has asked for an hour, so that it may have been silent for a moment alone.
  await clock.advance(3_600_000);
  await view.status();
  expect(view.problems()).toMatchObject([{ severity: 'warning' }]);
  await clock.advance(20_000);
  await view.status();
  expect(view.problems()).toMatchObject([
    { severity: 'error', message: expect.stringMatching(/perhaps nobody collects/) },
  ]);
  state.answer = (ask) => answerAsk(ask, source);
  await clock.advance(3000);
  await view.status();
  expect(view.problems()).toEqual([]);
});

test('does not keep a page waiting for a node that is slow', async () => {
  const { clock, state, view } = bench();
  await view.status();
  await clock.advance(10_000);
  let answer = (): void => undefined;
  state.answer = (ask) =>
    new Promise((resolve) => {
      answer = () => {
        resolve(answerAsk(ask, { ...source, status: async () => healthyStatus(99) }));
      };
    });
  const slow = view.status();
  await clock.advance(1500);
  expect((await slow)?.nowMs).toBe(5);
  answer();
  await clock.advance(0);
  expect((await view.status())?.nowMs).toBe(99);
  expect(clock.pendingTimers).toBe(0);
});

test('gives a manifest what the collector knows, or says that it is missing', async () => {
  const { state, view } = bench();
  const range = { fromMs: 3, toMs: 9 };
  expect(await view.collected(range)).toEqual(source.collected(range));
  expect(await view.gaps(range)).toEqual(source.collected(range).gaps);
  state.answer = silence;
  await view.targets();
  expect(await view.collected(range)).toMatchObject({
    gaps: [],
    metadata: { copied: [] },
    warnings: [{ id: 'note.not-told', values: { code: 'CLUSTER_TIMEOUT' } }],
  });
});

test.each([
  ['null', null],
  ['no status', { state: 'collecting' }],
  ['another kind', [1, 2, 3]],
])('takes %s for no answer', async (_name, answer) => {
  const { state, view } = bench();
  state.answer = () => Promise.resolve(answer);
  expect(await view.status()).toBeUndefined();
  expect(view.problems()).toHaveLength(1);
});

test.each([[undefined], [null], ['status'], [{ what: 'secrets' }], [{ what: 'collected' }]])(
  'answers %j with a refusal',
  async (ask) => {
    await expect(answerAsk(ask, source)).rejects.toMatchObject({ code: 'CLUSTER_UNKNOWN_ASK' });
  },
);
