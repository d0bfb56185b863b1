import { expect, test } from '@jest/globals';
import { PieceQueue } from './piece-queue.ts';

test('gives pieces of one size in order, and the rest at the end', async () => {
  const queue = new PieceQueue(4, 100);
  await queue.add(Uint8Array.of(1, 2, 3));
  await queue.add(Uint8Array.of(4, 5, 6, 7, 8, 9));
  await queue.add(new Uint8Array(0));
  queue.end();
  const taken: number[][] = [];
  for (let piece = await queue.take(); piece !== undefined; piece = await queue.take()) {
    taken.push([...piece]);
    queue.giveBack(piece);
  }
  expect(taken).toEqual([[1, 2, 3, 4], [5, 6, 7, 8], [9]]);
});

test('fills pieces again that came back, from another thread too', async () => {
  const queue = new PieceQueue(4, 2);
  await queue.add(Uint8Array.of(1, 2, 3, 4));
  const first = (await queue.take())!;
  const moved = structuredClone(first, { transfer: [first.buffer] });
  queue.giveBack(moved);
  await queue.add(Uint8Array.of(5, 6, 7, 8));
  const second = await queue.take();
  expect([second?.buffer === moved.buffer, ...second!]).toEqual([true, 5, 6, 7, 8]);
});

test('lets who adds wait while too much is not taken, and who takes while there is nothing', async () => {
  const queue = new PieceQueue(1, 2);
  const steps: string[] = [];
  const taking = queue.take().then((piece) => steps.push(`took ${String(piece?.[0])}`));
  await queue.add(Uint8Array.of(1, 2));
  await taking;
  const adding = queue.add(Uint8Array.of(3)).then(() => steps.push('added 3'));
  await Promise.resolve();
  expect(steps).toEqual(['took 1']);
  await queue.take();
  await adding;
  expect(steps).toEqual(['took 1', 'added 3']);
});

test('tells who takes why there is nothing more', async () => {
  const queue = new PieceQueue(1, 2);
  const taking = queue.take();
  queue.fail(new Error('first'));
  queue.fail(new Error('second'));
  await expect(taking).rejects.toThrow('first');
  await queue.add(Uint8Array.of(1));
  await expect(queue.take()).rejects.toThrow('first');
});
