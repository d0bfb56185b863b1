import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ThreadError } from '../../lib/runtime/index.ts';
import { removeTree } from '../share/block-fixture.ts';
import { toDumpError } from './errors.ts';
import { DumpRig, hourMs, oneTurn, startMs } from './dump-fixture.ts';
import { SupportPacket } from './support-packet.ts';

// Files are flushed for real: on a busy machine that takes its time.

let rig: DumpRig;

beforeEach(async () => {
  rig = await DumpRig.create();
});

afterEach(async () => {
  expect(rig.openThreads).toBe(0);
  expect(await readdir(join(rig.dataDirectory, 'dump-work')).catch(() => [])).toEqual([]);
  expect(rig.clock.pendingTimers).toBe(0);
  await removeTree(rig.root);
});

function packet(limits: { maxBytes?: number; budgetMs?: number } = {}): SupportPacket {
  return new SupportPacket({ ...rig.options(), rangeMs: () => 72 * hourMs, ...limits });
}

const textOf = (body: Uint8Array | undefined) => new TextDecoder().decode(body);

/** Times of the oldest sample in an archive, by its manifest. */
async function oldestMs(body: Uint8Array): Promise<number> {
  const path = join(rig.root, 'packet.tar.gz');
  await writeFile(path, body);
  const text = execFileSync('tar', ['xzOf', path, 'manifest.json'], { stdio: 'pipe' }).toString();
  const manifest = JSON.parse(text) as { range: { actual: { fromMs: number } } };
  return manifest.range.actual.fromMs;
}

test('is a fresh dump of the configured days, up to now', async () => {
  await rig.addBlock(80, 60);
  rig.local.head = { mint: startMs - hourMs, maxt: startMs };
  const [file, ...others] = await packet().files();
  expect([file?.name, others]).toEqual(['mattermost-plugin-metrics/tsdb_dump.tar.gz', []]);
  expect(await oldestMs(file!.body)).toBe(startMs - 72 * hourMs + 15_000);
});

test('is cut to a shorter range until it fits', async () => {
  for (let from = 48; from > 0; from -= 12) await rig.addBlock(from, from - 12);
  const [whole] = await packet().files();
  const maxBytes = Math.floor(whole!.body.length * 0.8);
  const [cut] = await packet({ maxBytes }).files();
  expect(cut!.body.length).toBeLessThanOrEqual(maxBytes);
  expect(await oldestMs(cut!.body)).toBeGreaterThan(await oldestMs(whole!.body));
});

test('is a text that says why when there is nothing, too much, or no time', async () => {
  const [none] = await packet().files();
  expect(none?.name).toBe('mattermost-plugin-metrics/why-no-metrics.txt');
  expect(textOf(none?.body)).toContain('There are no metrics from');
  await rig.addBlock(4, 0);
  const [large] = await packet({ maxBytes: 100 }).files();
  expect(textOf(large?.body)).toContain('DUMP_TOO_LARGE');
  rig.onCall = async (method) => {
    if (method !== 'dump.addGroup') return;
    await rig.clock.advance(60_000);
    await oneTurn();
  };
  const [late] = await packet().files();
  expect(textOf(late?.body)).toContain('longer than 60 s');
});

test('is built once for callers at the same time', async () => {
  await rig.addBlock(4, 0);
  const both = packet();
  const [a, b] = await Promise.all([both.files(), both.files()]);
  expect(a).toBe(b);
});

test('knows its own errors when they come out of a worker', () => {
  const fromWorker = new ThreadError('DUMP_TOO_LARGE', 'sentence');
  expect(toDumpError(fromWorker)).toMatchObject({ code: 'DUMP_TOO_LARGE', message: 'sentence' });
  const unknown = new ThreadError('DUMP_OF_ANOTHER_VERSION', 'sentence');
  expect(toDumpError(unknown).code).toBe('DUMP_FAILED');
});
