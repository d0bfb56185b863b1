import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { seededRng, systemClock, type Clock } from '../../runtime/index.ts';
import { RemoteBody } from './remote-body.ts';
import type { RemoteContent } from './remote-client.ts';

const bytes = Buffer.from('0123456789');

function content(start: number, body: Readable): RemoteContent {
  return { start, end: bytes.length, sizeBytes: bytes.length, etag: '"e"', modifiedMs: 0, body };
}

async function read(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Pauses take no time. */
const clock: Clock = { ...systemClock, setTimer: (_, run) => systemClock.setTimer(0, run) };

const tries = {
  clock,
  rng: seededRng(1),
  key: 'key',
  signal: undefined,
  explain: () => ({ code: 'STORE_UNREACHABLE', name: 'broken', isRetryable: true }) as const,
};

test('goes on when the connection breaks before anybody reads', async () => {
  const first = new Readable({ read: () => undefined });
  const body = new RemoteBody(content(0, first), {
    ...tries,
    reopen: (start) => Promise.resolve(content(start, Readable.from([bytes.subarray(start)]))),
  });
  first.destroy(new Error('the connection broke'));
  await new Promise(setImmediate);
  expect(await read(body)).toBe('0123456789');
});

test('goes on when the second connection breaks before anybody reads on', async () => {
  const second = new Readable({ read: () => undefined });
  const later = [second, Readable.from([bytes.subarray(4)])];
  const body = new RemoteBody(content(0, Readable.from([bytes.subarray(0, 4)])), {
    ...tries,
    reopen(start) {
      const next = later.shift()!;
      if (next === second) second.destroy(new Error('the connection broke'));
      return Promise.resolve(content(start, next));
    },
  });
  expect(await read(body)).toBe('0123456789');
});
