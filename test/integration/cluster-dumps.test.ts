import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Cardinality, Dump, SyncOutcome, TargetList } from '../../api/index.ts';
import { ClusterBench, idOf, type BenchNode } from './cluster-bench-fixture.ts';

let bench: ClusterBench;

// One cluster for all: starting and stopping three nodes is what takes the time.
beforeAll(async () => {
  bench = await ClusterBench.create();
  for (const name of ['a', 'b', 'c']) await bench.start(name);
  await bench.collector();
  await bench.advance(60_000);
});

afterAll(async () => {
  await bench.close();
  expect(bench.failures).toEqual([]);
});

interface Manifest {
  samples: number;
  range: { actual: { fromMs: number; toMs: number } };
  targets: { job: string; state: string }[];
  gaps: { reason: string }[];
  metadata: Record<string, unknown>;
  warnings: string[];
}

/** Who collects at present, and one of those that do not. */
async function roles(): Promise<{ collector: BenchNode; listener: BenchNode }> {
  const collector = await bench.collector();
  const listener = [...bench.nodes.values()].find((node) => node !== collector);
  if (listener === undefined) throw new Error('no listener');
  return { collector, listener };
}

/** Has a node make a dump of the last hour; gives what it became and its manifest. */
async function dumpOn(
  node: BenchNode,
  toMs = bench.nowMs() + 1,
): Promise<{ dump: Dump; manifest: Manifest }> {
  const body = JSON.stringify({ from: toMs - 3_600_000, to: toMs });
  const created = await node.request('dumps', { method: 'POST', body });
  expect(created.status).toBe(201);
  const { id } = (await created.json()) as Dump;
  const dump = await bench.until('the dump is done', async () => {
    const now = await node.get<Dump>(`dumps/${id}`);
    return now.state !== 'queued' && now.state !== 'running' && now;
  });
  expect(dump).toMatchObject({ state: 'ready', node: node.name, error: null });
  const archive = await (await node.request(`dumps/${id}/archive`)).arrayBuffer();
  const path = join(bench.root, `${id}.tar.gz`);
  await writeFile(path, Buffer.from(archive));
  const text = execFileSync('tar', ['xzOf', path, 'manifest.json'], { stdio: 'pipe' }).toString();
  return { dump, manifest: JSON.parse(text) as Manifest };
}

test('a listener tells what the collector does, and dumps up to its newest sample', async () => {
  const { collector, listener } = await roles();
  const told = await listener.status();
  const own = await collector.status();
  expect(told).toMatchObject({
    mode: 'listener',
    state: 'collecting',
    targets: { up: 1, total: 1 },
    collector: { node: collector.name },
    store: { path: own.store.path },
    problems: [],
  });
  expect(told.nodes.map(({ host, mode, isSelf }) => [host, mode, isSelf])).toEqual(
    ['a', 'b', 'c'].map((name) => [
      name,
      name === collector.name ? 'scraper' : 'listener',
      name === listener.name,
    ]),
  );
  // That of a node is not known: what is scraped has an address that is none of theirs.
  expect(told.nodes.map(({ serverVersion }) => serverVersion)).toEqual(Array(3).fill('11.0.0'));
  expect([told.restartedAtMs, own.restartedAtMs]).toEqual([expect.any(Number), told.restartedAtMs]);
  const { targets } = await listener.get<TargetList>('targets');
  expect(targets).toMatchObject([{ state: 'up' }]);
  expect((await listener.get<Cardinality>('cardinality')).series).toBeGreaterThan(100);

  const { newestSampleMs } = await collector.status();
  const toMs = bench.nowMs() + 1;
  const { manifest } = await dumpOn(listener, toMs);
  expect(manifest.warnings).toEqual([]);
  expect(manifest.range.actual.toMs).toBeGreaterThanOrEqual(newestSampleMs ?? Infinity);
  expect(manifest.targets).toMatchObject([{ state: 'up' }]);
  expect(manifest.metadata).toHaveProperty('go_goroutines');

  // The same samples wherever it is made, out of however many snapshots.
  for (const node of [collector, listener]) {
    const { samples, range } = (await dumpOn(node, toMs)).manifest;
    expect([samples, range.actual]).toEqual([manifest.samples, manifest.range.actual]);
  }
});

test('a listener whose collector is silent says so, and shows what it knew', async () => {
  const { collector, listener } = await roles();
  await dumpOn(listener);
  const before = await listener.status();
  collector.freeze();
  const warned = await bench.until('a problem', async () => {
    const status = await listener.status();
    return status.problems.some(({ code }) => code === 'CLUSTER_COLLECTOR_SILENT') && status;
  });
  expect(warned.targets).toEqual(before.targets);
  expect(warned.problems[0]?.message).toMatch(/old\.$/);
  await bench.wake(collector);
});

test('a dump without an answer has what is in the file store, and says up to when', async () => {
  const { collector, listener } = await roles();
  const first = await dumpOn(listener);
  await bench.advance(20_000);
  bench.isDeaf = true;
  const { manifest } = await dumpOn(listener);
  expect(manifest.range.actual.toMs).toBeGreaterThanOrEqual(first.manifest.range.actual.toMs);
  expect(manifest.warnings.join(' ')).toMatch(
    new RegExp(`Node ${collector.name} did not hand out.* The newest sample in this dump is of`),
  );
  bench.isDeaf = false;
});

test('a sync asked of a listener is done by the collector', async () => {
  const { collector, listener } = await roles();
  const answer = await listener.request('sync', { method: 'POST' });
  const outcome = (await answer.json()) as SyncOutcome;
  expect([answer.status, outcome.node, outcome.sync.lastError]).toEqual([
    200,
    collector.name,
    null,
  ]);
});

test('a job whose node dies is done by another', async () => {
  const { collector, listener } = await roles();
  const nowMs = bench.nowMs();
  const body = JSON.stringify({ from: nowMs - 3_600_000, to: nowMs + 1 });
  // It is frozen before its worker can have done anything.
  const created = await listener.request('dumps', { method: 'POST', body });
  listener.freeze();
  const { id } = (await created.json()) as Dump;
  const dump = await bench.until('the dump is done', async () => {
    const now = await collector.get<Dump>(`dumps/${id}`);
    return now.state === 'ready' && now;
  });
  expect(dump.node).not.toBe(listener.name);
  await bench.wake(listener);
  await bench.advance(10_000);
  expect(await listener.get<Dump>(`dumps/${id}`)).toMatchObject({
    state: 'ready',
    node: dump.node,
  });
});

test('messages that make no sense harm nobody', async () => {
  const { collector, listener } = await roles();
  const { epoch } = (await collector.status()).collector;
  const send = (value: unknown) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const event = { id: 'metrics', data: new TextEncoder().encode(text) };
    return bench.send('nobody', event);
  };
  const from = idOf(listener.name);
  await send('not JSON');
  await send({ v: 99, k: 'lead.free' });
  await send({ v: 1, k: 'no.such', rid: 'r', from, to: '', epoch: 1, body: null });
  await send({ v: 1, k: 'lead.hello', rid: '', from, to: '', epoch: 1e9, body: null });
  await send({ v: 1, k: 'state.get', rid: 'r2', from, to: '', epoch: 1, body: { page: -1 } });
  await send({ v: 1, k: 'head.flush', rid: 'r3', from, to: '', epoch: 1, body: 'x'.repeat(9999) });
  await bench.advance(10_000);
  expect((await bench.collector()).name).toBe(collector.name);
  expect((await collector.status()).collector.epoch).toBe(epoch);
});
