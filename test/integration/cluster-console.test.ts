// Goal: the console shows and hears the same, whichever node of a cluster answers it. Method: two nodes
// with their clocks in hand.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ClusterBench, type BenchNode } from './cluster-bench-fixture.ts';

const readerId = 'reader'.padEnd(26, '0');

let bench: ClusterBench;
let collector: BenchNode;
let listener: BenchNode;

beforeAll(async () => {
  bench = await ClusterBench.create();
  for (const name of ['a', 'b']) await bench.start(name);
  collector = await bench.collector();
  listener = [...bench.nodes.values()].find((node) => node !== collector) ?? collector;
});

afterAll(async () => {
  await bench.close();
  expect(bench.failures).toEqual([]);
});

/** Why the last save was refused, as the status of a node says. */
async function refusalOn(node: BenchNode): Promise<string | undefined> {
  const { problems } = await node.status();
  return problems.find(({ code }) => code === 'SETTINGS_REFUSED')?.message;
}

test('a save that one node refuses is explained by both, until one goes through on the other', async () => {
  for (const [asked, other] of [
    [listener, collector],
    [collector, listener],
  ] as const) {
    expect(await refusalOn(other)).toBeUndefined();
    const refusal = await bench.save(asked, { scrapeintervalseconds: 0 });
    expect(refusal).toContain('ScrapeIntervalSeconds: must be');
    for (const node of [other, asked]) {
      await bench.until('its status says why', async () =>
        (await refusalOn(node))?.includes('ScrapeIntervalSeconds: must be'),
      );
    }
    expect(await bench.save(other, { scrapeintervalseconds: 10 })).toBeUndefined();
    for (const node of [asked, other]) {
      await bench.until('its status is silent', async () => (await refusalOn(node)) === undefined);
    }
  }
});

test('whoever reads by a delegated permission on one node hears of changes on the other', async () => {
  bench.permissions.set(readerId, 'sysconsole_read_environment_performance_monitoring');
  const ask = (userId: string) =>
    listener.request('status', { headers: { 'Mattermost-User-Id': userId } });
  const toldBy = ({ name }: BenchNode) => `${name} changed status → ${readerId}`;
  expect(bench.browserEvents).not.toContain(toldBy(collector));
  expect((await ask(readerId)).status).toBe(200);
  expect((await ask('somebody')).status).toBe(403);
  await bench.save(collector, { scrapeintervalseconds: 0 });
  await bench.until('the collector tells the reader', () =>
    Promise.resolve(bench.browserEvents.includes(toldBy(collector))),
  );
  expect(bench.browserEvents.filter((event) => event.includes('somebody'))).toEqual([]);
});
