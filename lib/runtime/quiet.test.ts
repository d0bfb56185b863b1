import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { deflate } from 'node:zlib';
import { quiet } from './quiet-fixture.ts';

test('waits for a worker that computes, not for one that waits', async () => {
  const code = `
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', () => {
      let sum = 0;
      for (let at = 0; at < 5e7; at++) sum += at % 7;
      parentPort.postMessage(sum);
    });`;
  const worker = new Worker(code, { eval: true });
  let answers = 0;
  worker.on('message', () => answers++);
  try {
    await quiet();
    for (let asked = 1; asked <= 3; asked++) {
      worker.postMessage('compute');
      await quiet();
      expect(answers).toBe(asked);
    }
  } finally {
    await worker.terminate();
  }
});

test("waits for the work of Node's own threads", async () => {
  let isDone = false;
  const work = promisify(deflate)(Buffer.alloc(30_000_000, 'metrics')).then(() => (isDone = true));
  await quiet();
  expect(isDone).toBe(true);
  await work;
});

test('waits for the end of many short steps', async () => {
  let steps = 0;
  const walk = async () => {
    for (; steps < 200; steps++) await readFile('/proc/self/stat');
    for (; steps < 400; steps++) await new Promise((resolve) => setImmediate(resolve));
  };
  const walked = walk();
  await quiet();
  expect(steps).toBe(400);
  await walked;
});
