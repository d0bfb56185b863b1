import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isHolding, LeaseBench, never } from './lease-bench-fixture.ts';

let bench: LeaseBench;

beforeEach(() => {
  bench = new LeaseBench();
});

// Every timer has an owner that ends it.
afterEach(async () => {
  expect(await bench.close()).toBe(0);
});

describe('a release', () => {
  test('tells listeners before the record is free, and is final', async () => {
    const { holder, follower } = await bench.pair();
    const seen: unknown[] = [];
    holder.lease.onChange(({ role }) => seen.push([role, bench.record()?.['st']]));
    await holder.lease.release();
    expect(seen).toEqual([['following', 'held']]);
    await follower.lease.release();
    const { length } = holder.calls;
    await bench.clock.advance(120_000);
    holder.lease.poke();
    holder.lease.start();
    await bench.clock.advance(1000);
    expect(holder.calls).toHaveLength(length);
    expect(holder.lease.mayDelete()).toBe(false);
  });

  test('of a follower writes nothing', async () => {
    const { holder, follower } = await bench.pair();
    const { writes } = bench.database;
    await follower.lease.release();
    expect(bench.database.writes).toBe(writes);
    expect(isHolding(holder)).toBe(true);
  });

  test('before the start does nothing and forbids it', async () => {
    const node = bench.add('a');
    await node.lease.release();
    node.lease.start();
    await bench.clock.advance(10_000);
    expect(node.calls).toEqual([]);
  });

  test.each([
    ['hangs', never],
    ['fails', () => Promise.reject(new Error('down'))],
  ])('ends within 4 s when the database %s', async (_name, before) => {
    const { holder } = await bench.pair();
    holder.before = before;
    holder.lease.poke();
    await bench.clock.advance(100);
    let isDone = false;
    void holder.lease.release().then(() => (isDone = true));
    await bench.clock.advance(4001);
    expect(isDone).toBe(true);
  });

  test('waits for a renewal that is under way and frees what it wrote', async () => {
    const holder = await bench.lonely();
    holder.after = () => new Promise((resolve) => void bench.clock.setTimer(500, resolve));
    holder.lease.poke();
    await bench.clock.advance(10);
    void holder.lease.release();
    await bench.clock.advance(1100);
    expect(bench.record()).toMatchObject({ st: 'free' });
  });

  test('frees the record of a renewal whose answer never comes', async () => {
    const holder = await bench.lonely();
    let count = 0;
    holder.after = () => (count++ === 0 ? never() : Promise.resolve());
    holder.lease.poke();
    await bench.clock.advance(10);
    void holder.lease.release();
    await bench.clock.advance(4000);
    expect(bench.record()).toMatchObject({ st: 'free' });
  });

  test('frees a claim that was written but not answered', async () => {
    const node = bench.add('a');
    let count = 0;
    node.after = (method) => (method === 'swap' && count++ === 0 ? never() : Promise.resolve());
    node.lease.start();
    await bench.until(() => bench.record() !== undefined);
    void node.lease.release();
    await bench.clock.advance(4000);
    expect(bench.record()).toMatchObject({ st: 'free' });
  });

  test('never frees the record of another node', async () => {
    const { holder, follower } = await bench.pair();
    holder.before = never;
    await bench.until(() => isHolding(follower));
    holder.before = () => Promise.resolve();
    void holder.lease.release();
    await bench.clock.advance(4000);
    expect(bench.record()).toMatchObject({ st: 'held', id: 'b' });
    expect(isHolding(follower)).toBe(true);
  });

  test('repeats what the database refused', async () => {
    const holder = await bench.lonely();
    let count = 0;
    holder.before = () => (count++ < 2 ? Promise.reject(new Error('busy')) : Promise.resolve());
    void holder.lease.release();
    await bench.clock.advance(1000);
    expect(bench.record()).toMatchObject({ st: 'free' });
  });
});

test('who freed the lease, and when, is known to a node that started later, also when it holds', async () => {
  const holder = await bench.lonely();
  await bench.clock.advance(7000);
  const untilMs = bench.clock.nowMs();
  await holder.lease.release();
  await bench.clock.advance(60_000);
  const late = bench.add('late');
  late.lease.start();
  await bench.clock.advance(3000);
  expect(isHolding(late)).toBe(true);
  const { id, host } = holder.identity;
  expect(late.lease.view().freed).toEqual({ id, host, untilMs });
});
