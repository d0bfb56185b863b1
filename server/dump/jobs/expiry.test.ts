import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { keysOf } from '../../../lib/objectstore/conformance-fixture.ts';
import { removeTree } from '../../share/block-fixture.ts';
import { archiveKey, dumpsPrefix } from '../../share/index.ts';
import { maxFinishedJobs } from '../limits.ts';
import { DumpRig, hourMs, hours, startMs } from '../dump-fixture.ts';

const dayMs = 24 * hourMs;
let rig: DumpRig;

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
  await rig.addBlock(4, 2);
});

afterEach(async () => {
  await rig.service.stop();
  await removeTree(rig.root);
});

async function readyDump(): Promise<string> {
  const { id } = await rig.service.create(hours(4, 0), 'admin');
  expect((await rig.finished(id)).state).toBe('ready');
  return id;
}

/** Lets the time go by without a process, then one run for the last five seconds and their work. */
async function pass(ms: number): Promise<void> {
  await rig.service.stop();
  await rig.clock.advance(ms - 5_000);
  rig.restart();
  await rig.service.start();
  await rig.clock.advance(5_000);
  await rig.service.stop();
}

test('a finished dump says when it goes, and goes then with its archive and its record', async () => {
  const id = await readyDump();
  const { expiresAtMs } = await rig.service.get(id);
  expect(expiresAtMs).toBe(startMs + 7 * dayMs);
  await pass(7 * dayMs - 10_000);
  expect(await keysOf(rig.store, dumpsPrefix)).toHaveLength(1);
  await pass(10_000);
  expect(await rig.service.list()).toEqual([]);
  expect(await keysOf(rig.store, dumpsPrefix)).toEqual([]);
  expect([...rig.kv.values.keys()]).toEqual([]);
});

test('a finished dump that goes is told of, as every other change', async () => {
  await readyDump();
  const told = rig.changes.length;
  await pass(7 * dayMs - 10_000);
  expect(rig.changes).toHaveLength(told);
  await pass(10_000);
  expect(rig.changes.slice(told)).toEqual(['ready done 100']);
});

test('of more finished dumps than are kept the oldest goes, with its archive', async () => {
  const oldest = await readyDump();
  const record = new TextDecoder().decode(rig.kv.values.get(`job:${oldest}`));
  await rig.service.stop();
  for (let at = 1; at < maxFinishedJobs; at++) {
    const id = String(at).padStart(26, 'x');
    const newer = record
      .replaceAll(oldest, id)
      .replace(`"createdAtMs":${String(startMs)}`, `"createdAtMs":${String(startMs + at)}`);
    rig.kv.values.set(`job:${id}`, new TextEncoder().encode(newer));
  }
  rig.restart();
  await rig.service.start();
  expect(await rig.service.list()).toHaveLength(maxFinishedJobs);
  await rig.clock.advance(hourMs);
  const newest = await readyDump();
  await rig.service.stop();
  rig.restart();
  await rig.service.start();
  const ids = (await rig.service.list()).map(({ id }) => id);
  expect(ids).toHaveLength(maxFinishedJobs);
  expect([ids.at(0), ids.includes(oldest)]).toEqual([newest, false]);
  expect(await keysOf(rig.store, dumpsPrefix)).toEqual([archiveKey(newest)]);
});

test('a shorter setting holds for dumps that are there already', async () => {
  const id = await readyDump();
  rig.retentionMs = dayMs;
  expect((await rig.service.get(id)).expiresAtMs).toBe(startMs + dayMs);
  await pass(dayMs);
  expect(await rig.service.list()).toEqual([]);
});

test('a node that may not delete leaves it to the one that may', async () => {
  await readyDump();
  rig.mayDelete = false;
  await pass(8 * dayMs);
  expect(await rig.service.list()).toHaveLength(1);
});

test('a file store that is away keeps the record until the archive can be deleted', async () => {
  await readyDump();
  rig.store.fault = ({ operation }) => (operation === 'delete' ? 'STORE_UNREACHABLE' : undefined);
  await pass(8 * dayMs);
  expect(await rig.service.list()).toHaveLength(1);
  rig.store.fault = () => undefined;
  await pass(60_000);
  expect(await rig.service.list()).toEqual([]);
});

test('one that is being built has no age, however old it is', async () => {
  const begun = Promise.withResolvers<undefined>();
  const goOn = Promise.withResolvers<undefined>();
  rig.onCall = async (method) => {
    if (method !== 'dump.addGroup') return;
    begun.resolve(undefined);
    await goOn.promise;
  };
  const { id } = await rig.service.create(hours(4, 0), 'admin');
  await begun.promise;
  expect((await rig.service.get(id)).expiresAtMs).toBeNull();
  rig.clock.stepWall(30 * dayMs);
  expect((await rig.service.get(id)).state).toBe('running');
  goOn.resolve(undefined);
  const ready = await rig.finished(id);
  expect(ready).toMatchObject({ state: 'ready', expiresAtMs: startMs + 37 * dayMs });
});
