import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isHolding, LeaseBench, problemCodes } from './lease-bench-fixture.ts';

let bench: LeaseBench;

beforeEach(() => {
  bench = new LeaseBench();
});

// Every timer has an owner that ends it.
afterEach(async () => {
  expect(await bench.close()).toBe(0);
});

describe('records that are not ours', () => {
  const hostile: [string, unknown, string[]][] = [
    ['no JSON', new TextEncoder().encode('{"v":1,"e":'), ['CLUSTER_LEASE_UNREADABLE']],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe, 0x00), ['CLUSTER_LEASE_UNREADABLE']],
    ['the mutex of the Go plugin', Uint8Array.of(1), ['CLUSTER_LEASE_UNREADABLE']],
    ['huge', new Uint8Array(2_000_000).fill(0x20), ['CLUSTER_LEASE_UNREADABLE']],
    ['an epoch beyond belief', { v: 1, e: 1e308, s: 1, st: 'held' }, ['CLUSTER_LEASE_UNREADABLE']],
    ['a newer version', { v: 7, e: 30, anything: [1] }, ['CLUSTER_LEASE_VERSION']],
  ];

  test.each(hostile)('%s: watched, told, taken over', async (_name, value, codes) => {
    await bench.write(value);
    const node = bench.started('a');
    await bench.clock.advance(14_000);
    expect(isHolding(node)).toBe(false);
    expect(problemCodes(node)).toEqual(codes);
    await bench.clock.advance(1100);
    expect(node.lease.view()).toMatchObject({ role: 'holding', isSure: true });
    expect(node.lease.problems()).toEqual([]);
  });

  test('takes the epoch of a newer version into account', async () => {
    await bench.write({ v: 7, e: 30 });
    const node = bench.started('a');
    await bench.until(() => isHolding(node));
    expect(node.lease.view().epoch).toBe(31);
  });

  test('leaves a newer version alone that renews', async () => {
    const node = bench.started('a');
    for (let at = 0; at < 20; at++) {
      await bench.write({ v: 2, e: 30, beat: at });
      await bench.clock.advance(5000);
      if (at > 0) expect(isHolding(node)).toBe(false);
    }
  });

  test('starts epochs anew when the highest possible one was forged', async () => {
    const forged = {
      v: 1,
      s: 1,
      st: 'held',
      id: 'z',
      boot: 'z',
      pid: 1,
      host: 'z',
      ver: '',
      since: 0,
    };
    await bench.write({ ...forged, e: 2 ** 48 });
    const node = bench.started('a');
    await bench.until(() => isHolding(node));
    expect(node.lease.view().epoch).toBe(1);
  });
});
