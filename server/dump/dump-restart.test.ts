import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { dumpsPrefix } from '../share/index.ts';
import { DumpRig, hourMs, hours, oneTurn, startMs } from './dump-fixture.ts';
import { maxAttempts } from './limits.ts';

let rig: DumpRig;

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
});

afterEach(async () => {
  await rig.end();
});

/** A job as it stands in the key-value store. */
interface StoredJob {
  owner: string;
  attempt: number;
  revision: number;
  isCancelRequested: boolean;
  dump: { id: string; state: string; node: string };
}

function recordOf(id: string): StoredJob {
  return JSON.parse(new TextDecoder().decode(rig.kv.values.get(`job:${id}`))) as StoredJob;
}

function write(record: StoredJob): void {
  rig.kv.values.set(`job:${record.dump.id}`, new TextEncoder().encode(JSON.stringify(record)));
}

describe('after a restart', () => {
  test('a stopped job is begun again, however often, and does not count as an attempt', async () => {
    await rig.addBlock(4, 2);
    let begun = Promise.withResolvers<undefined>();
    rig.onCall = async (method) => {
      if (method !== 'dump.addGroup') return;
      begun.resolve(undefined);
      await oneTurn();
    };
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    for (let stops = 0; stops <= maxAttempts; stops++) {
      await begun.promise;
      begun = Promise.withResolvers<undefined>();
      await rig.service.stop();
      rig.restart();
      await rig.service.start();
    }
    expect((await rig.finished(id)).state).toBe('ready');
  });

  test('a job that was running is begun again, three times, then it is failed', async () => {
    await rig.addBlock(4, 2);
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    await rig.finished(id);
    const record = recordOf(id);
    const want = async (attempt: number, state: string) => {
      record.attempt = attempt;
      record.dump.state = 'running';
      await rig.service.stop();
      write(record);
      rig.restart();
      await rig.service.start();
      expect((await rig.finished(id)).state).toBe(state);
    };
    await want(1, 'ready');
    await want(2, 'ready');
    await want(3, 'failed');
    expect((await rig.service.get(id)).error?.code).toBe('DUMP_INTERRUPTED');
  });

  test('a job that somebody wanted to end is not begun again', async () => {
    await rig.addBlock(4, 2);
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    await rig.finished(id);
    const record = recordOf(id);
    await rig.service.stop();
    record.dump.state = 'running';
    write({ ...record, isCancelRequested: true });
    rig.restart();
    await rig.service.start();
    expect((await rig.service.get(id)).state).toBe('cancelled');
  });

  test('finished jobs are still there, and records of others are left alone', async () => {
    await rig.addBlock(4, 2);
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    const ready = await rig.finished(id);
    rig.kv.values.set(`job:${'b'.repeat(26)}`, new TextEncoder().encode('not json'));
    rig.kv.values.set('lead', new TextEncoder().encode('x'));
    await rig.service.stop();
    rig.restart();
    await rig.service.start();
    expect(await rig.service.list()).toEqual([ready]);
    expect(rig.kv.values.size).toBe(3);
  });

  test('temporary space of the old process is gone', async () => {
    await rig.service.stop();
    await mkdir(join(rig.dataDirectory, 'dump-work', 'old'), { recursive: true });
    rig.restart();
    await rig.service.start();
    expect(await readdir(rig.dataDirectory)).toEqual([]);
  });
});

describe('in a cluster', () => {
  let other: DumpRig;

  beforeEach(async () => {
    other = new DumpRig(rig.root, 'node-b', rig);
    await other.service.start();
  });

  afterEach(async () => {
    await other.service.stop();
  });

  test('all nodes list all dumps, and serve and delete them', async () => {
    await rig.addBlock(4, 2);
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    const ready = await rig.finished(id);
    expect(await other.service.get(id)).toEqual(ready);
    expect((await other.service.archive(id)).sizeBytes).toBe(ready.sizeBytes);
    await other.service.delete(id, 'admin');
    await rig.clock.advance(15_000);
    expect(await rig.service.list()).toEqual([]);
  });

  test('a job is cancelled from another node', async () => {
    await rig.addBlock(4, 2);
    const release = Promise.withResolvers<undefined>();
    rig.onCall = async (method) => {
      if (method === 'dump.addGroup') await release.promise;
    };
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    await other.service.cancel(id, 'admin');
    await rig.clock.advance(15_000);
    release.resolve(undefined);
    expect((await rig.finished(id)).state).toBe('cancelled');
  });

  test('a job that waits is cancelled from another node', async () => {
    await rig.addBlock(4, 2);
    const release = Promise.withResolvers<undefined>();
    rig.onCall = () => release.promise;
    const first = await rig.service.create(hours(4, 0), 'admin');
    const second = await rig.service.create(hours(4, 0), 'admin');
    await other.service.cancel(second.id, 'admin');
    await rig.clock.advance(15_000);
    expect((await rig.finished(second.id)).state).toBe('cancelled');
    release.resolve(undefined);
    expect((await rig.finished(first.id)).state).toBe('ready');
    await rig.clock.advance(15_000);
    expect((await other.service.list()).map(({ state }) => state).sort()).toEqual([
      'cancelled',
      'ready',
    ]);
  });

  test('a job that is deleted from another node ends and leaves nothing', async () => {
    await rig.addBlock(4, 2);
    const release = Promise.withResolvers<undefined>();
    rig.onCall = () => release.promise;
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    await other.service.delete(id, 'admin');
    await rig.clock.advance(15_000);
    release.resolve(undefined);
    await rig.service.stop();
    expect([...rig.kv.values.keys()]).toEqual([]);
    expect(await keysOf(rig.store, dumpsPrefix)).toEqual([]);
  });

  test('a job of a node that is gone is taken over within a minute or so', async () => {
    await rig.addBlock(4, 2);
    other.local.head = { mint: startMs - 4 * hourMs, maxt: startMs - 1 };
    const began = Promise.withResolvers<undefined>();
    const release = Promise.withResolvers<undefined>();
    rig.onCall = async () => {
      began.resolve(undefined);
      await release.promise;
    };
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    await began.promise;
    // A node that is gone writes no more; its timers and calls are as if they were not.
    const { kvCompareAndSet } = rig.kv;
    rig.kv.kvCompareAndSet = async (key, oldValue, newValue) => {
      if (new TextDecoder().decode(newValue).includes('"node":"node-a"')) return await hang();
      return await kvCompareAndSet.call(rig.kv, key, oldValue, newValue);
    };
    // Somebody looks at the list of the other node, which from then on watches the job.
    await rig.clock.advance(15_000);
    await other.service.list();
    await rig.clock.advance(75_000);
    const taken = await other.finished(id);
    expect([taken.state, taken.node]).toEqual(['ready', 'node-b']);
    rig.kv.kvCompareAndSet = kvCompareAndSet;
    wake();
    // It lives after all, learns whose the job is by now, and has no word in it any more.
    await rig.clock.advance(15_000);
    release.resolve(undefined);
    expect(await rig.finished(id)).toEqual(taken);
    await rig.service.stop();
    expect(rig.changes.filter((told) => !told.startsWith('running'))).toEqual([]);
    expect(await other.service.get(id)).toEqual(taken);
  });

  test('a job is left alone as long as its node tells of it, and half a minute beyond', async () => {
    await rig.addBlock(4, 2);
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    await rig.finished(id);
    const record = recordOf(id);
    record.dump = { ...record.dump, id: 'c'.repeat(26), state: 'running', node: 'node-c' };
    record.owner = 'node-c';
    write(record);
    await rig.clock.advance(5_000);
    await other.service.list();
    for (let at = 0; at < 5; at++) {
      record.revision++;
      write(record);
      await rig.clock.advance(20_000);
    }
    await rig.clock.advance(5_000);
    expect(recordOf(record.dump.id)).toEqual(record);
    await rig.clock.advance(15_000);
    expect(recordOf(record.dump.id).owner).toBe('node-b');
  });
});

let wake: () => void = () => undefined;

/** Fails once the test lets it. */
function hang(): Promise<never> {
  return new Promise((_resolve, reject) => {
    const before = wake;
    wake = () => {
      before();
      reject(new Error('the database is away'));
    };
  });
}
