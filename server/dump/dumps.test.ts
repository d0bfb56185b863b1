import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { blockKey, dumpsPrefix } from '../share/index.ts';
import { DumpRig, hourMs, hours, oneTurn, startMs } from './dump-fixture.ts';

let rig: DumpRig;

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
});

afterEach(async () => {
  await rig.end();
});

describe('a request', () => {
  const refused = async (range: { fromMs: number; toMs: number }, code: string) => {
    await expect(rig.service.create(range, 'admin')).rejects.toMatchObject({ code });
  };

  test('is refused when its range makes no sense or holds nothing', async () => {
    await refused(hours(2, 0), 'DUMP_RANGE_EMPTY');
    await rig.addBlock(4, 2);
    await refused({ fromMs: NaN, toMs: startMs }, 'DUMP_RANGE_INVALID');
    await refused({ fromMs: 0.5, toMs: startMs }, 'DUMP_RANGE_INVALID');
    await refused({ fromMs: -1, toMs: startMs }, 'DUMP_RANGE_INVALID');
    await refused({ fromMs: 0, toMs: 9e15 }, 'DUMP_RANGE_INVALID');
    await refused(hours(2, 2), 'DUMP_RANGE_REVERSED');
    await refused(hours(1, 2), 'DUMP_RANGE_REVERSED');
    await refused({ fromMs: startMs + 1, toMs: startMs + 2 }, 'DUMP_RANGE_FUTURE');
    await refused(hours(2, 0), 'DUMP_RANGE_EMPTY');
    await refused(hours(5, 4), 'DUMP_RANGE_EMPTY');
    const asked = rig.service.create(hours(2, 0), 'admin');
    await expect(asked).rejects.toThrow('Available are 2026-11-20 08:00:00 UTC');
  });

  test('is refused when the disk has no room', async () => {
    await rig.addBlock(4, 2);
    rig.freeBytes = 64 * 1024 * 1024;
    await refused(hours(4, 0), 'DUMP_NO_SPACE');
    rig.freeBytes = null;
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    await rig.finished(id);
  });

  test('is refused when five wait already, also when all come at once', async () => {
    await rig.addBlock(4, 2);
    rig.onCall = () => oneTurn();
    const asked = Array.from({ length: 7 }, () => rig.service.create(hours(4, 0), 'admin'));
    const results = await Promise.allSettled(asked);
    const codes = results.map((result) =>
      result.status === 'fulfilled' ? 'created' : (result.reason as { code: string }).code,
    );
    expect(codes.filter((code) => code === 'created')).toHaveLength(5);
    expect(codes.filter((code) => code === 'DUMP_QUEUE_FULL')).toHaveLength(2);
    for (const dump of await rig.service.list()) {
      expect((await rig.finished(dump.id)).state).toBe('ready');
    }
  });

  test('for an unknown or malformed id is refused', async () => {
    const unknown = 'a'.repeat(26);
    await expect(rig.service.get(unknown)).rejects.toMatchObject({ code: 'DUMP_NOT_FOUND' });
    for (const id of ['', '../etc', 'A'.repeat(26), 'a'.repeat(25)]) {
      await expect(rig.service.delete(id, 'x')).rejects.toMatchObject({ code: 'DUMP_BAD_ID' });
    }
  });

  test('for an estimate comes near what comes out', async () => {
    await rig.addBlock(4, 2);
    const { bytes, samples, seconds } = await rig.service.estimate(hours(4, 3));
    expect(samples).toBe(720);
    expect(bytes).toBeGreaterThan(500);
    expect(seconds).toBeGreaterThan(0);
  });
});

describe('a job', () => {
  test('tells its phases in order and writes few records', async () => {
    await rig.makeRemote(await rig.addBlock(4, 2));
    await rig.addBlock(2, 0);
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    await rig.finished(id);
    const phases = [...new Set(rig.changes.map((change) => change.split(' ')[1]))];
    expect(phases).toEqual([
      'selecting',
      'snapshot',
      'fetching',
      'rewriting',
      'packing',
      'storing',
      'done',
    ]);
    const percents = rig.changes.map((change) => Number(change.split(' ')[2]));
    expect([...percents].sort((a, b) => a - b)).toEqual(percents);
    expect(rig.kv.writes).toBeLessThanOrEqual(3);
  });

  test('ends as failed when the disk is full, and leaves nothing', async () => {
    await rig.addBlock(4, 2);
    rig.onCall = (method) => {
      const error = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      return method === 'dump.addGroup' ? Promise.reject(error) : Promise.resolve();
    };
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    const failed = await rig.finished(id);
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'DUMP_DISK_FULL' } });
    expect(await keysOf(rig.store, dumpsPrefix)).toEqual([]);
    await expect(rig.service.archive(id)).rejects.toMatchObject({ code: 'DUMP_NOT_READY' });
  });

  test('ends as failed when the file store fails at any step, and leaves nothing', async () => {
    await rig.makeRemote(await rig.addBlock(4, 2));
    const want = async (operation: string, part: string, code: string) => {
      rig.store.fault = (call) =>
        call.operation === operation && call.key.includes(part) ? 'STORE_FULL' : undefined;
      const { id } = await rig.service.create(hours(4, 0), 'admin');
      const failed = await rig.finished(id);
      expect(failed).toMatchObject({ state: 'failed', error: { code } });
      rig.store.fault = () => undefined;
      expect(await keysOf(rig.store, dumpsPrefix)).toEqual([]);
    };
    await want('get', '/index', 'DUMP_STORE_FULL');
    await want('put', '/dump/', 'DUMP_STORE_FULL');
    await want('get', '/dump/', 'DUMP_STORE_FULL');
  });

  test('never calls an archive ready that the store does not give back', async () => {
    await rig.addBlock(4, 2);
    const { put } = rig.store;
    rig.store.put = async (key, body, options) => {
      const head = await put.call(rig.store, key, body, options);
      const path = join(rig.root, 'files', key);
      const bytes = await readFile(path);
      bytes[bytes.length >> 1]! ^= 1;
      await writeFile(path, bytes);
      return head;
    };
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    expect((await rig.finished(id)).error?.code).toBe('DUMP_VERIFY_FAILED');
    expect(await keysOf(rig.store, dumpsPrefix)).toEqual([]);
  });

  test('is cancelled wherever it is, and leaves nothing', async () => {
    await rig.makeRemote(await rig.addBlock(4, 2));
    const steps = ['dump.open', 'dump.addGroup', 'dump.countSeries', 'dump.finish', 'progress'];
    for (const step of steps) {
      const { id } = await rig.service.create(hours(4, 0), 'admin');
      const cancelled = Promise.withResolvers<undefined>();
      const cancel = () => {
        rig.service.cancel(id, 'admin').then(() => {
          cancelled.resolve(undefined);
        }, cancelled.reject);
      };
      rig.onCall = async (method) => {
        if (method !== step) return;
        cancel();
        await oneTurn();
      };
      rig.onWorkerProgress = () => {
        if (step === 'progress') cancel();
      };
      await cancelled.promise.catch(() => undefined);
      expect((await rig.finished(id)).state).toBe('cancelled');
      rig.onCall = () => Promise.resolve();
      rig.onWorkerProgress = () => undefined;
      expect(await keysOf(rig.store, dumpsPrefix)).toEqual([]);
    }
  });

  test('that waits is cancelled at once; a finished one cannot be', async () => {
    await rig.addBlock(4, 2);
    const first = await rig.service.create(hours(4, 0), 'admin');
    const second = await rig.service.create(hours(4, 0), 'admin');
    expect(await rig.service.cancel(second.id, 'admin')).toMatchObject({ state: 'cancelled' });
    expect((await rig.finished(first.id)).state).toBe('ready');
    const again = rig.service.cancel(first.id, 'admin');
    await expect(again).rejects.toMatchObject({ code: 'DUMP_NOT_CANCELLABLE' });
  });

  test('is deleted with its archive, also while it runs', async () => {
    await rig.addBlock(4, 2);
    const ready = await rig.service.create(hours(4, 0), 'admin');
    await rig.finished(ready.id);
    rig.onCall = () => oneTurn();
    const running = await rig.service.create(hours(4, 0), 'admin');
    await rig.service.delete(running.id, 'admin');
    await rig.service.delete(ready.id, 'admin');
    expect(await rig.service.list()).toEqual([]);
    expect([...rig.kv.values.keys()]).toEqual([]);
    expect(await keysOf(rig.store, dumpsPrefix)).toEqual([]);
  });

  test('says that a half block in the file store is left out', async () => {
    const half = await rig.addBlock(4, 2);
    await rig.addBlock(2, 0);
    const other = await rig.addBlock(90, 88);
    for (const { ulid, dir } of [half, other]) {
      await rig.store.put(blockKey(ulid, 'index'), await readFile(join(dir, 'index')));
      await rig.local.deleteBlock(ulid);
    }
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    const { samples, state, warnings } = await rig.finished(id);
    expect([state, samples]).toEqual(['ready', 3 * 480]);
    expect(warnings).toEqual([
      `Block ${half.ulid} in the file store is not whole and left out: no meta.json.`,
    ]);
  });

  test('says so when a block leaves the file store or the store cannot be listed', async () => {
    const block = await rig.addBlock(4, 2);
    await rig.makeRemote(block);
    await rig.addBlock(2, 0);
    rig.onCall = async (method) => {
      if (method === 'dump.open') await rig.store.delete(blockKey(block.ulid, 'index'));
    };
    const first = await rig.service.create(hours(4, 0), 'admin');
    const { samples, warnings } = await rig.finished(first.id);
    expect([samples, warnings]).toEqual([3 * 480, [expect.stringContaining(block.ulid)]]);
    rig.store.fault = ({ operation }) => (operation === 'list' ? 'STORE_UNREACHABLE' : undefined);
    const second = await rig.service.create(hours(2, 0), 'admin');
    const dump = await rig.finished(second.id);
    expect(dump.warnings).toEqual([expect.stringContaining('STORE_UNREACHABLE')]);
  });

  test('leaves a damaged block out and says so', async () => {
    const bad = await rig.addBlock(4, 2);
    await rig.addBlock(2, 0);
    const chunks = join(bad.dir, 'chunks', '000001');
    const bytes = await readFile(chunks);
    bytes.fill(0xff, 100, 400);
    await writeFile(chunks, bytes);
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    const ready = await rig.finished(id);
    expect(ready.state).toBe('ready');
    expect(ready.warnings).toEqual([expect.stringContaining(bad.ulid)]);
    expect(ready.samples).toBe(3 * 480);
  });

  test('survives the deletion of its blocks while it is built', async () => {
    const block = await rig.addBlock(4, 2);
    rig.onCall = async (method) => {
      if (method === 'dump.open') await rig.local.deleteBlock(block.ulid);
    };
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    expect((await rig.finished(id)).samples).toBe(3 * 480);
  });

  test('loses nothing when a block is cut and uploaded meanwhile', async () => {
    rig.local.head = { mint: startMs - 2 * hourMs, maxt: startMs - 1 };
    rig.onCall = async (method) => {
      if (method !== 'dump.open') return;
      rig.local.head = undefined;
      await rig.makeRemote(await rig.addBlock(2, 0));
    };
    const { id } = await rig.service.create(hours(2, 0), 'admin');
    expect((await rig.finished(id)).samples).toBe(3 * 480);
  });
});
