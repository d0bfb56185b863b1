import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { BlockShelf, makeBlock } from './block-fixture.ts';
import { blockKey, blocksPrefix } from './index.ts';
import { dayMs, filesOf, gib, hourMs, startMs, SyncBench } from './sync-bench-fixture.ts';

let bench: SyncBench;

beforeEach(async () => {
  bench = await SyncBench.open();
});

afterEach(async () => {
  await bench.close();
});

describe('retention', () => {
  test('deletes old remote blocks, meta.json first', async () => {
    const old = await bench.addBlock(16 * dayMs);
    const fresh = await bench.addBlock(hourMs);
    bench.settings.retentionMs = 20 * dayMs;
    bench.sync.start();
    await bench.sync.syncNow();
    expect(bench.catalog.blocks()).toHaveLength(2);
    bench.settings.retentionMs = 15 * dayMs;
    await bench.clock.advance(2 * hourMs);
    await bench.sync.syncNow();
    expect(await keysOf(bench.store, blocksPrefix)).toEqual(filesOf(fresh));
    const deletes = bench.store.calls.filter(({ operation }) => operation === 'delete');
    expect(deletes[0]?.key).toBe(blockKey(old.ulid, 'meta.json'));
  });

  test('deletes nothing because the clock jumped or collecting stood still', async () => {
    const block = await bench.addBlock(hourMs);
    bench.sync.start();
    await bench.sync.syncNow();
    bench.clock.stepWall(400 * dayMs);
    await bench.clock.advance(3 * hourMs);
    await bench.sync.syncNow();
    expect(bench.catalog.has(block.ulid)).toBe(true);
    expect(bench.shelf.blocks()).toHaveLength(1);
  });

  test('never deletes blocks of another server, and says that they are there', async () => {
    await bench.addBlock(16 * dayMs);
    bench.settings.retentionMs = 20 * dayMs;
    bench.sync.start();
    await bench.sync.syncNow();
    await bench.sync.stop(1000);
    bench.settings.retentionMs = dayMs;
    bench.shelf = new BlockShelf();
    await bench.addBlock(hourMs);
    bench.renew('otherserver');
    bench.sync.start();
    await bench.sync.syncNow();
    expect(bench.catalog.blocks()).toHaveLength(2);
    expect(bench.sync.problems()).toMatchObject([{ code: 'SYNC_FOREIGN_BLOCKS' }]);
  });

  test('deletes half blocks of others after two days, and nothing that is not a block', async () => {
    const put = (key: string) => bench.store.put(key, new Uint8Array(5));
    const parentDir = join(bench.root, 'elsewhere');
    const maxt = startMs;
    const old = await makeBlock({
      parentDir,
      mint: maxt - hourMs,
      maxt,
      ulidMs: startMs - 49 * hourMs,
    });
    const young = await makeBlock({
      parentDir,
      mint: maxt - hourMs,
      maxt,
      ulidMs: startMs - 47 * hourMs,
    });
    const returning = await makeBlock({
      ...{ parentDir, mint: maxt - hourMs, maxt, seed: 2 },
      ulidMs: startMs - 49 * hourMs,
    });
    for (const [block, writtenMs] of [
      [old, startMs - 49 * hourMs],
      [young, startMs - 49 * hourMs],
      // An old block on its way from a node that was away for days.
      [returning, startMs - hourMs],
    ] as const) {
      const key = blockKey(block.ulid, 'chunks/000001');
      await put(key);
      await utimes(join(bench.root, 'files', key), writtenMs / 1000, writtenMs / 1000);
    }
    await put(`${blocksPrefix}notes/keep.txt`);
    await put(`${blocksPrefix}${old.ulid.slice(0, 25)}/keep.txt`);
    bench.sync.start();
    await bench.sync.syncNow();
    expect(await keysOf(bench.store, '')).toEqual(
      [
        `${blocksPrefix}${old.ulid.slice(0, 25)}/keep.txt`,
        blockKey(young.ulid, 'chunks/000001'),
        blockKey(returning.ulid, 'chunks/000001'),
        `${blocksPrefix}notes/keep.txt`,
      ].sort(),
    );
  });

  test('never deletes damaged blocks of others, and says that they are there', async () => {
    const parentDir = join(bench.root, 'elsewhere');
    const ulidMs = startMs - 100 * hourMs;
    const block = await makeBlock({ parentDir, mint: ulidMs - hourMs, maxt: ulidMs, ulidMs });
    for (const path of ['index', 'meta.json']) {
      const key = blockKey(block.ulid, path);
      await bench.store.put(key, new TextEncoder().encode('{"version":'));
      await utimes(join(bench.root, 'files', key), ulidMs / 1000, ulidMs / 1000);
    }
    bench.sync.start();
    await bench.sync.syncNow();
    expect(await keysOf(bench.store, blocksPrefix)).toHaveLength(2);
    expect(bench.sync.problems()).toMatchObject([
      { code: 'SYNC_DAMAGED_BLOCKS', severity: 'warning' },
    ]);
    expect(bench.sync.problems()[0]?.message).toContain(`${block.ulid} (damaged meta.json)`);
    expect(bench.logged.filter((code) => code === 'SYNC_DAMAGED_BLOCKS')).toHaveLength(1);
    await bench.sync.syncNow();
    expect(bench.logged.filter((code) => code === 'SYNC_DAMAGED_BLOCKS')).toHaveLength(1);
  });

  test('deletes nothing in the file store while it may not, and uploads all the same', async () => {
    const old = await bench.addBlock(16 * dayMs);
    bench.settings.retentionMs = 20 * dayMs;
    bench.mayDelete = () => false;
    bench.sync.start();
    await bench.sync.syncNow();
    const fresh = await bench.addBlock(hourMs);
    bench.settings.retentionMs = 15 * dayMs;
    await bench.sync.stop(1000);
    bench.renew('serverid');
    bench.sync.start();
    await bench.sync.syncNow();
    expect([bench.catalog.has(old.ulid), bench.catalog.has(fresh.ulid)]).toEqual([true, true]);
    expect(bench.sync.problems()).toEqual([]);
    // The probe is its own.
    const deletes = bench.store.calls.filter(({ operation, key }) => {
      return operation === 'delete' && key.startsWith(blocksPrefix);
    });
    expect(deletes).toEqual([]);
  });

  test('asks before every deletion, and the next one that may goes on', async () => {
    for (const age of [18, 17]) await bench.addBlock(age * dayMs);
    bench.settings.retentionMs = 20 * dayMs;
    bench.sync.start();
    await bench.sync.syncNow();
    await bench.addBlock(hourMs);
    bench.settings.retentionMs = 15 * dayMs;
    const deletions = () =>
      bench.store.calls.filter(({ operation }) => operation === 'delete').length;
    const before = deletions();
    // To begin with, and for the first two requests.
    let asked = 0;
    bench.mayDelete = () => ++asked <= 3;
    await bench.clock.advance(3 * hourMs);
    await bench.sync.syncNow();
    expect(deletions() - before).toBe(2);
    expect(bench.sync.status().lastError).toBeNull();
    expect(bench.catalog.blocks()).toHaveLength(2);
    bench.mayDelete = () => true;
    await bench.clock.advance(3 * hourMs);
    await bench.sync.syncNow();
    expect(bench.catalog.blocks()).toHaveLength(1);
  });

  test('deletes local blocks only three days after they are remote', async () => {
    const old = await bench.addBlock(4 * dayMs);
    const fresh = await bench.addBlock(dayMs);
    bench.store.fault = ({ operation }) => (operation === 'put' ? 'STORE_FULL' : undefined);
    bench.sync.start();
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(bench.shelf.blocks()).toHaveLength(2);
    bench.store.fault = () => undefined;
    await bench.sync.syncNow();
    expect(bench.shelf.blocks().map(({ ulid }) => ulid)).toEqual([fresh.ulid]);
    expect(bench.catalog.has(old.ulid)).toBe(true);
  });

  test('keeps local blocks past their age while the file store is out of reach', async () => {
    const expired = await bench.addBlock(16 * dayMs);
    const copied = await bench.addBlock(5 * dayMs);
    await bench.addBlock(hourMs);
    bench.settings.retentionMs = 20 * dayMs;
    bench.store.fault = ({ operation, key }) =>
      operation === 'put' && key.includes(expired.ulid) ? 'STORE_FULL' : undefined;
    bench.sync.start();
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
    bench.settings.retentionMs = 15 * dayMs;
    bench.store.fault = () => 'STORE_UNREACHABLE';
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(bench.shelf.blocks().map(({ ulid }) => ulid)).toContain(expired.ulid);
    bench.store.fault = () => undefined;
    await bench.sync.syncNow();
    const left = bench.shelf.blocks().map(({ ulid }) => ulid);
    expect([left.includes(expired.ulid), left.includes(copied.ulid), left.length]).toEqual([
      ...[false, false, 1],
    ]);
    expect(bench.catalog.has(expired.ulid)).toBe(false);
  });

  test('keeps what a file store that can be listed does not take, whatever its age or the limit', async () => {
    const expired = await bench.addBlock(16 * dayMs);
    await bench.addBlock(hourMs);
    bench.settings.localSizeLimitBytes = 1;
    bench.store.fault = ({ operation }) => (operation === 'put' ? 'STORE_FULL' : undefined);
    bench.sync.start();
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(bench.shelf.blocks()[0]).toEqual(expired);
    expect([bench.shelf.blocks().length, bench.lost]).toEqual([2, []]);
    // Now that all the others are there, retention would take it from the file store at once.
    bench.store.fault = () => undefined;
    await bench.sync.syncNow();
    expect(bench.shelf.blocks()).toEqual([]);
    expect(bench.catalog.has(expired.ulid)).toBe(false);
  });

  test('goes on when one block cannot be deleted, and does not call that a failed sync', async () => {
    for (const age of [6, 5, 4]) await bench.addBlock(age * dayMs);
    const [, busy] = bench.shelf.blocks();
    await bench.addBlock(hourMs);
    const { deleteBlock } = bench.shelf;
    bench.shelf.deleteBlock = async (doomed) => {
      if (doomed === busy!.ulid) throw Object.assign(new Error('busy'), { code: 'EBUSY' });
      await deleteBlock.call(bench.shelf, doomed);
    };
    bench.sync.start();
    await bench.sync.syncNow();
    await bench.sync.syncNow();
    expect(bench.shelf.blocks().map(({ ulid }) => ulid)).toContain(busy!.ulid);
    expect(bench.shelf.blocks()).toHaveLength(2);
    expect(bench.sync.status().lastError).toBeNull();
    expect(bench.logged).toEqual(['TSDB_DELETE_FAILED']);
    bench.shelf.deleteBlock = deleteBlock.bind(bench.shelf);
    await bench.sync.syncNow();
    expect(bench.shelf.blocks()).toHaveLength(1);
  });

  test('keeps the data directory below its limit by blocks that are remote, and no others', async () => {
    for (const age of [8, 6, 4]) await bench.addBlock(age * hourMs);
    const [, , newest] = bench.shelf.blocks();
    bench.sync.start();
    await bench.sync.syncNow();
    expect(bench.shelf.blocks()).toHaveLength(3);
    bench.settings.localSizeLimitBytes = 2 * newest!.sizeBytes - 1;
    await bench.sync.syncNow();
    expect(bench.shelf.blocks()).toEqual([newest]);
    expect(bench.sync.problems()).toEqual([]);
    bench.store.fault = ({ operation }) => (operation === 'put' ? 'STORE_FULL' : undefined);
    const unsynced = await bench.addBlock(hourMs);
    bench.settings.localSizeLimitBytes = 1;
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(bench.shelf.blocks()).toEqual([unsynced]);
    expect(bench.sync.problems().map(({ code }) => code)).toContain('SYNC_LOCAL_OVERSIZE');
    bench.settings.localSizeLimitBytes = 0;
    bench.store.fault = () => undefined;
    await bench.sync.syncNow();
    expect(bench.sync.problems()).toEqual([]);
  });

  test('frees a short disk by blocks that are remote, and no others', async () => {
    await bench.addBlock(6 * hourMs);
    await bench.addBlock(4 * hourMs);
    bench.sync.start();
    await bench.sync.syncNow();
    const unsynced = await bench.addBlock(hourMs);
    bench.freeBytes = 0.5 * gib;
    expect(await bench.sync.relieveDisk()).toBe(2);
    expect(bench.shelf.blocks()).toEqual([unsynced]);
    expect(bench.sync.problems()).toMatchObject([{ code: 'SYNC_DISK_SHORT', severity: 'warning' }]);
    // Whoever looks at the status need not wait for the next pass.
    bench.freeBytes = 4 * gib;
    await bench.sync.lookAtDisk();
    expect(bench.sync.problems()).toEqual([]);
    bench.freeBytes = 0.5 * gib;
    await bench.sync.lookAtDisk();
    expect(bench.sync.problems()).toMatchObject([{ code: 'SYNC_DISK_SHORT' }]);
    expect(bench.shelf.blocks()).toEqual([unsynced]);
  });

  test('gives up unsynced blocks only when nothing else is left, and says so', async () => {
    await bench.addBlock(6 * hourMs);
    await bench.addBlock(4 * hourMs);
    bench.store.fault = () => 'STORE_UNREACHABLE';
    bench.freeBytes = 0;
    const { deleteBlock } = bench.shelf;
    bench.shelf.deleteBlock = async (ulid) => {
      await deleteBlock.call(bench.shelf, ulid);
      bench.freeBytes += 0.2 * gib;
    };
    bench.sync.start();
    await expect(bench.sync.syncNow()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(bench.shelf.blocks()).toHaveLength(1);
    const codes = bench.sync.problems().map(({ code, severity }) => [code, severity]);
    expect(codes).toContainEqual(['SYNC_BLOCKS_LOST', 'error']);
    expect(bench.lost.map(({ maxt }) => maxt)).toEqual([startMs - 6 * hourMs]);
  });

  test('tells what was given up also when not all of it can be deleted', async () => {
    await bench.addBlock(6 * hourMs);
    const { ulid } = await bench.addBlock(4 * hourMs);
    bench.freeBytes = 0;
    const { deleteBlock } = bench.shelf;
    bench.shelf.deleteBlock = async (doomed) => {
      if (doomed === ulid) throw Object.assign(new Error('busy'), { code: 'EBUSY' });
      await deleteBlock.call(bench.shelf, doomed);
    };
    await expect(bench.sync.relieveDisk()).rejects.toMatchObject({ code: 'EBUSY' });
    expect(bench.lost.map(({ maxt }) => maxt)).toEqual([startMs - 6 * hourMs]);
    expect(bench.sync.problems().map(({ code }) => code)).toContain('SYNC_BLOCKS_LOST');
  });
});

test('leaves blocks in the file store that promtool reads', async () => {
  const version = () => execFileSync('promtool', ['--version'], { stdio: 'pipe' });
  try {
    version();
  } catch {
    if (process.env['CI'] === 'true') throw new Error('promtool is missing');
    return;
  }
  const block = await bench.addBlock(hourMs);
  bench.sync.start();
  await bench.sync.syncNow();
  await bench.sync.stop(1000);
  const dataDirectory = join(bench.root, 'files', blocksPrefix);
  await writeFile(join(dataDirectory, 'notes.txt'), 'x');
  const listed = execFileSync('promtool', ['tsdb', 'list', dataDirectory]).toString();
  expect(listed).toContain(block.ulid);
  expect(listed).toContain(String(block.numSamples));
});
