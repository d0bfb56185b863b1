import { expect, test } from '@jest/globals';
import { seededRng } from '../../runtime/index.ts';
import { testSeed } from '../store/store-fixture.ts';
import { Arena, pageBits, pageBytes, pageMask, slotBytes } from './arena.ts';
import { maxSparePages } from './limits.ts';

function slotOf(arena: Arena, address: number, size: number): Uint8Array {
  const start = address & pageMask;
  return arena.pages[address >>> pageBits]!.subarray(start, start + slotBytes[size]!);
}

test('hands out zeroed slots that never overlap', () => {
  const seed = testSeed();
  const rng = seededRng(seed);
  const arena = new Arena();
  const held: { address: number; size: number; mark: number }[] = [];
  for (let step = 0; step < 8_000; step++) {
    const at = rng.u32() % Math.max(1, held.length);
    const slot = held[at];
    if (slot === undefined || rng.u32() % 3 > 0) {
      const size = rng.u32() % slotBytes.length;
      const address = arena.allocate(size);
      const mark = 1 + (step % 255);
      const bytes = slotOf(arena, address, size);
      if (bytes.some((byte) => byte !== 0)) throw new Error(`SEED=${String(seed)}: not zero`);
      bytes.fill(mark);
      held.push({ address, size, mark });
    } else {
      const bytes = slotOf(arena, slot.address, slot.size);
      if (bytes.some((byte) => byte !== slot.mark))
        throw new Error(`SEED=${String(seed)}: overlap`);
      arena.release(slot.address, slot.size);
      held[at] = held.at(-1)!;
      held.pop();
    }
  }
});

test('keeps the content when a slot grows', () => {
  const arena = new Arena();
  let address = arena.allocate(0);
  slotOf(arena, address, 0).fill(7);
  for (let size = 0; size < slotBytes.length - 1; size++) {
    address = arena.grow(address, size, 64);
    const bytes = slotOf(arena, address, size + 1);
    expect([...bytes]).toEqual([
      ...new Array<number>(64).fill(7),
      ...new Array<number>(slotBytes[size + 1]! - 64).fill(0),
    ]);
  }
});

test('gives back the pages of slots that all grew', () => {
  const arena = new Arena();
  const series = 20_000;
  let addresses = Array.from({ length: series }, () => arena.allocate(0));
  for (let size = 0; size < 3; size++) {
    addresses = addresses.map((address) => arena.grow(address, size, 10));
  }
  const needed = Math.ceil((series * slotBytes[3]!) / pageBytes);
  expect(arena.bytes / pageBytes).toBeLessThanOrEqual(needed + 3);
});

test('gives a page that became free to the next who needs one, wiped, and keeps a few at most', () => {
  const arena = new Arena();
  const fill = (size: number, pages: number): number[] =>
    Array.from({ length: pages * Math.floor(pageBytes / slotBytes[size]!) }, () => {
      const address = arena.allocate(size);
      slotOf(arena, address, size).fill(7);
      return address;
    });
  const empty = (size: number, addresses: readonly number[]): void => {
    for (const address of addresses) arena.release(address, size);
  };
  const inUse = () => new Set(arena.pages.filter(({ length }) => length > 0));
  const first = fill(0, maxSparePages + 3);
  const before = inUse();
  empty(0, first);
  // One stays with its size.
  expect(inUse().size).toBe(1);
  const second = fill(3, maxSparePages + 2);
  const again = [...inUse()].filter((page) => before.has(page));
  expect(again).toHaveLength(maxSparePages + 1);
  empty(3, second);
  expect([...inUse()].every((page) => page.every((byte) => byte === 0))).toBe(true);
});
