import { expect, test } from '@jest/globals';
import { seededRng } from '../../runtime/index.ts';
import { testSeed } from '../store/store-fixture.ts';
import { Arena, pageBits, pageBytes, pageMask, slotBytes } from './arena.ts';

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
