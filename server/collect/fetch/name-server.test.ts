import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isAnsweredFor } from './name-server.ts';

const noSuchName = 3;
const failure = 2;

const sockets: Socket[] = [];
let questions = 0;

/** A name server with one answer to everything, or none; returns where it is. */
async function serve(outcome?: number): Promise<string> {
  const socket = createSocket('udp4', (question, { port, address }) => {
    questions++;
    if (outcome === undefined) return;
    const answer = Buffer.from(question);
    answer.writeUInt16BE(0x8180 | outcome, 2);
    socket.send(answer, port, address);
  });
  sockets.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return `127.0.0.1:${String(socket.address().port)}`;
}

let silent: string;
beforeAll(async () => {
  silent = await serve();
});
afterAll(() => {
  for (const socket of sockets) socket.close();
});

test('a name server that never answers says nothing', async () => {
  const before = questions;
  expect(await isAnsweredFor('app1.example.com', [silent])).toBe(false);
  expect(questions).toBeGreaterThan(before);
});

test('whatever is answered counts, and by whichever of the name servers', async () => {
  const f = async (...servers: string[]) =>
    expect(await isAnsweredFor('app1.example.com', servers)).toBe(true);
  await f(await serve(noSuchName));
  await f(await serve(failure));
  await f(silent, await serve(noSuchName));
  // Nobody there: what asks need not wait for that either.
  await f('127.0.0.1:1');
});

test('a name that nobody can be asked for is none that is waited for', async () => {
  expect(await isAnsweredFor(`${'x'.repeat(64)}.example.com`, [silent])).toBe(true);
});
