import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../../lib/runtime/index.ts';
import { SampleBatch } from '../../../lib/tsdb/index.ts';
import { ScrapeClient } from '../fetch/scrape-http.ts';
import type { SampleStore } from '../sample-store.ts';
import { MemoryBudget } from './memory-budget.ts';
import { BodyBuffer } from './body-buffer.ts';
import { ScrapeSlots } from './scrape-slots.ts';

/** Only what hangs reaches it. */
jest.setTimeout(120_000);

const kib = 1024;
const full = new Uint8Array(64 * kib).fill(35);

/** A body that has `pieces` times 64 KiB. */
function bodyOf(budget: MemoryBudget, pieces: number): BodyBuffer {
  const body = new BodyBuffer(budget);
  body.reset(512 * kib);
  for (let piece = 0; piece < pieces; piece++) body.append(full);
  return body;
}

const gone = expect.objectContaining({ code: 'SCRAPE_BODY_BUDGET' });

describe('the budget of bodies', () => {
  test('is taken from the largest when another one grows', () => {
    const budget = new MemoryBudget(512 * kib);
    const large = bodyOf(budget, 4);
    const small = bodyOf(budget, 2);
    expect(budget.totalBytes).toBe(384 * kib);
    small.append(full);
    expect([small.bytes().length, budget.totalBytes]).toEqual([192 * kib, 512 * kib]);
    bodyOf(budget, 1);
    expect(() => large.append(full)).toThrow(gone);
    expect(() => large.check()).toThrow(gone);
    expect(() => small.check()).not.toThrow();
    large.reset(512 * kib);
    expect(large.append(full)).toBe(true);
  });

  test('is refused to the one that would be the largest', () => {
    const budget = new MemoryBudget(512 * kib);
    const large = bodyOf(budget, 4);
    const small = bodyOf(budget, 2);
    expect(() => large.append(full)).toThrow(gone);
    expect([small.bytes().length, budget.totalBytes]).toEqual([128 * kib, 128 * kib]);
  });

  test('lets one that is alone have what it is allowed', () => {
    const budget = new MemoryBudget(128 * kib);
    expect(bodyOf(budget, 7).bytes()).toHaveLength(7 * 64 * kib);
  });

  test('leaves a body alone that is being read, and one that is over', () => {
    const budget = new MemoryBudget(512 * kib);
    const read = bodyOf(budget, 4);
    read.fix();
    const over = bodyOf(budget, 4);
    over.shrink();
    const other = bodyOf(budget, 3);
    expect(() => other.append(new Uint8Array(128 * kib))).toThrow(gone);
    // Smaller than the one that is being read, and yet it has to do without.
    const small = bodyOf(budget, 2);
    const third = bodyOf(budget, 2);
    expect(() => third.append(full)).toThrow(gone);
    expect(read.bytes()).toHaveLength(256 * kib);
    for (const body of [read, small]) body.shrink();
    expect(budget.totalBytes).toBe(0);
  });
});

test('a short body does not keep the memory that a huge one left behind', () => {
  const body = new BodyBuffer();
  body.adopt(new Uint8Array(1024 * kib));
  body.reset(512 * kib);
  body.append(full);
  expect(body.bytes().buffer.byteLength).toBe(1024 * kib);
  body.fix();
  expect(body.bytes()).toEqual(full);
  expect(body.bytes().buffer.byteLength).toBe(64 * kib);
});

test('a buffer is not much longer than a body of usual length', () => {
  for (const lengthBytes of [670_000, 1_100_000, 3_000_000]) {
    const body = new BodyBuffer();
    body.reset(8 * kib * kib);
    const chunk = new Uint8Array(16_000);
    for (let left = lengthBytes; left > 0; left -= chunk.length) {
      body.append(chunk.subarray(0, Math.min(left, chunk.length)));
    }
    expect(body.bytes()).toHaveLength(lengthBytes);
    expect(body.bytes().buffer.byteLength).toBeLessThan(1.25 * lengthBytes);
  }
});

test('a huge body leaves behind no more than twice what it has', () => {
  const body = new BodyBuffer();
  body.reset(40 * kib * kib);
  const chunk = new Uint8Array(64 * kib);
  const memory = new Set<ArrayBufferLike>();
  for (let length = 0; length < 32 * kib * kib; length += chunk.length) {
    body.append(chunk);
    memory.add(body.bytes().buffer);
  }
  const leftBytes = [...memory].slice(0, -1).reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(leftBytes).toBeLessThan(2 * 32 * kib * kib);
});

test('63 targets that answer without end have no more together, and one that does not is unharmed', async () => {
  const budgetBytes = 16 * kib * kib;
  const slots = new ScrapeSlots(
    { newBatch: () => new SampleBatch() } as unknown as SampleStore,
    budgetBytes,
  );
  const failed = new Map<unknown, number>();
  const enough = Promise.withResolvers<undefined>();
  const flooding: ServerResponse[] = [];
  const server = createServer((request, response) => {
    response.write(full);
    if (request.url === '/endless') flooding.push(response);
    // The rest comes when the budget has been used up once.
    else void enough.promise.then(() => response.end(full));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new ScrapeClient({ clock: systemClock, version: '0' });
  const scrape = (path: string) =>
    slots.use(async ({ body }) => {
      const { signal } = new AbortController();
      await client.fetch({
        ...{ host: '127.0.0.1', port, path, into: body, signal },
        ...{ timeoutMs: 60_000, bodyLimitBytes: 2 * kib * kib },
      });
      body.fix();
      return body.bytes().length;
    });
  try {
    const sound = scrape('/sound');
    const endless = Array.from({ length: 63 }, async () => {
      const code = await scrape('/endless').catch((error: unknown) => {
        return (error as { code: unknown }).code;
      });
      failed.set(code, (failed.get(code) ?? 0) + 1);
      if (code === 'SCRAPE_BODY_BUDGET') enough.resolve(undefined);
    });
    // All at one pace: one that is faster would break its own limit before the others have anything.
    let peakBytes = 0;
    const progress = { isOver: false };
    const ended = Promise.all(endless).then(() => (progress.isOver = true));
    while (!progress.isOver) {
      await new Promise(setImmediate);
      peakBytes = Math.max(peakBytes, slots.bodiesBytes);
      if (flooding.length < 63 || flooding.some((to) => to.writableNeedDrain && !to.destroyed)) {
        continue;
      }
      for (const response of flooding) if (!response.destroyed) response.write(full);
    }
    await ended;
    expect(await sound).toBe(128 * kib);
    expect([...failed.keys()].sort()).toEqual(['SCRAPE_BODY_BUDGET', 'SCRAPE_BODY_LIMIT']);
    expect(peakBytes).toBeLessThanOrEqual(budgetBytes);
    expect(slots.bodiesBytes).toBe(0);
  } finally {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
