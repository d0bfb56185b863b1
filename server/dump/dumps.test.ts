import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { openBlock, decodeChunk, SampleColumns } from '../../lib/tsdb/index.ts';
import { removeTree, sha256Of } from '../share/block-fixture.ts';
import { archiveKey, dumpsPrefix, isJobId } from '../share/index.ts';
import { uploadBlock } from '../share/block-upload.ts';
import { DumpRig, hasProgram, hourMs, oneTurn, startMs } from './dump-fixture.ts';
import type { Manifest } from './manifest.ts';

let rig: DumpRig;

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
});

afterEach(async () => {
  await rig.service.stop();
  expect(rig.openThreads).toBe(0);
  expect(await readdir(join(rig.dataDirectory, 'dump-work')).catch(() => [])).toEqual([]);
  expect(rig.clock.pendingTimers).toBe(0);
  await removeTree(rig.root);
});

const hours = (from: number, to: number) => ({
  fromMs: startMs - from * hourMs,
  toMs: startMs - to * hourMs,
});

/** Uploads a block of the shelf and takes it off the own disk. */
async function makeRemote(block: { ulid: string; dir: string }): Promise<void> {
  const labels = { serverId: 'abcdefghijklmnopqrstuvwxyz', cluster: 'single', scraper: 'a' };
  const facts = { labels, epoch: 1, pluginVersion: '0.8.0', nowMs: startMs };
  await uploadBlock(rig.store, block, facts, new AbortController().signal);
  await rig.local.deleteBlock(block.ulid);
}

/** Unpacks a dump's archive with the system's tar. */
async function unpack(id: string): Promise<{ dir: string; names: string[]; manifest: Manifest }> {
  const dir = join(rig.root, `unpacked-${id}`);
  await mkdir(dir);
  const path = join(rig.root, 'files', archiveKey(id));
  const names = execFileSync('tar', ['tzf', path]).toString().trim().split('\n');
  execFileSync('tar', ['xzf', path, '-C', dir, '--warning=no-timestamp']);
  const manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as Manifest;
  return { dir, names, manifest };
}

/** Times of all samples of all series in a block. */
function timesOf(dir: string): number[] {
  const reader = openBlock(dir);
  const times: number[] = [];
  for (const series of reader.series()) {
    for (const meta of series.chunks) {
      const columns = new SampleColumns();
      const chunk = reader.chunk(meta);
      decodeChunk(chunk.data, columns);
      times.push(...columns.times.subarray(0, columns.count));
    }
  }
  reader.close();
  return times;
}

describe('a dump', () => {
  test('holds remote blocks, local blocks and the head, trimmed to the range', async () => {
    await makeRemote(await rig.addBlock(8, 6));
    await makeRemote(await rig.addBlock(6, 4));
    await rig.addBlock(4, 2);
    rig.local.head = { mint: startMs - 2 * hourMs, maxt: startMs - 5_000 };
    const dump = await rig.service.create(hours(5, 0), 'admin');
    expect(isJobId(dump.id)).toBe(true);
    const ready = await rig.finished(dump.id);
    expect(ready.error).toBeNull();
    const { dir, manifest, names } = await unpack(dump.id);
    expect(manifest.blocks).toHaveLength(3);
    const ulids = manifest.blocks.map(({ ulid }) => ulid);
    expect(names).toEqual([
      ...ulids.flatMap((ulid) =>
        ['meta.json', 'index', 'tombstones', 'chunks/000001'].map((path) => `${ulid}/${path}`),
      ),
      'wal/',
      'metadata.yaml',
      'README.md',
      'manifest.json',
    ]);
    const times = ulids.flatMap((ulid) => timesOf(join(dir, ulid)));
    const wanted = 3 * ((5 * hourMs) / 15_000);
    expect(times).toHaveLength(wanted);
    expect(Math.min(...times)).toBe(startMs - 5 * hourMs);
    expect(Math.max(...times)).toBe(startMs - 15_000);
    expect(ready).toMatchObject({
      state: 'ready',
      samples: wanted,
      series: 3,
      actual: { fromMs: startMs - 5 * hourMs, toMs: startMs - 15_000 },
      progress: { percent: 100, phase: 'done' },
      fileName: 'mattermost-metrics_chat.example.com_20261120T070000Z_20261120T120000Z.tar.gz',
      warnings: [],
    });
  });

  test('lists every file with its hash, the ranges, the gaps and where it comes from', async () => {
    const block = await rig.addBlock(3, 1);
    const { id } = await rig.service.create(hours(2, 0), 'admin');
    const ready = await rig.finished(id);
    const { dir, manifest, names } = await unpack(id);
    const files = names.filter((name) => name !== 'manifest.json' && !name.endsWith('/'));
    expect(manifest.files.map(({ path }) => path)).toEqual(files);
    for (const { path, sha256, sizeBytes } of manifest.files) {
      const bytes = await readFile(join(dir, path));
      expect([sha256Of(bytes), bytes.length]).toEqual([sha256, sizeBytes]);
    }
    expect(manifest).toMatchObject({
      format: 'mattermost-metrics-dump',
      formatVersion: 1,
      createdAtMs: startMs,
      jobId: id,
      node: 'node-a',
      versions: { plugin: '0.8.0', server: '11.9.0' },
      server: { id: 'abcdefghijklmnopqrstuvwxyz', licenseId: '' },
      range: {
        requested: hours(2, 0),
        actual: { fromMs: startMs - 2 * hourMs, toMs: startMs - hourMs - 15_000 },
      },
      samples: 720,
      series: 3,
      gaps: [{ reason: 'SCRAPE_REFUSED', missedScrapes: 4 }],
      blocks: [{ sources: [block.ulid], samples: 720, series: 3 }],
    });
    const archive = await readFile(join(rig.root, 'files', archiveKey(id)));
    expect([sha256Of(archive), archive.length]).toEqual([ready.sha256, ready.sizeBytes]);
    expect(await readFile(join(dir, 'metadata.yaml'), 'utf8')).toMatchInlineSnapshot(`
     "version: 1
     type: plugin-packet
     generated_at: 1795176000000
     server_version: "11.9.0"
     server_id: "abcdefghijklmnopqrstuvwxyz"
     license_id: ""
     customer_id: ""
     extras:
       plugin_id: "com.mattermost.mattermost-plugin-metrics"
       plugin_version: "0.8.0"
       min: 1795168800000
       max: 1795176000000
       actual_min: 1795168800000
       actual_max: 1795172385000
     "
    `);
  });

  test('merges blocks that overlap and holds each sample once', async () => {
    await rig.addBlock(4, 2);
    await rig.addBlock(3, 1);
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    const ready = await rig.finished(id);
    const { manifest } = await unpack(id);
    expect(manifest.blocks).toHaveLength(1);
    expect(ready.samples).toBe(3 * 3 * 240);
  });

  test('opens in promtool', async () => {
    if (!hasProgram('promtool')) return;
    await makeRemote(await rig.addBlock(4, 2));
    await rig.addBlock(2, 0);
    const { id } = await rig.service.create(hours(3, 0), 'admin');
    await rig.finished(id);
    const { dir, manifest } = await unpack(id);
    const list = execFileSync('promtool', ['tsdb', 'list', dir]).toString();
    for (const { ulid } of manifest.blocks) expect(list).toContain(ulid);
    const dumped = execFileSync('promtool', ['tsdb', 'dump', dir]).toString().trim().split('\n');
    expect(dumped).toHaveLength(3 * 3 * 240);
    execFileSync('promtool', ['tsdb', 'analyze', dir]);
  });

  test('is read whole or in part, and says so when its archive is gone', async () => {
    await rig.addBlock(2, 0);
    const { id } = await rig.service.create(hours(1, 0), 'admin');
    await expect(rig.service.archive(id)).rejects.toMatchObject({ code: 'DUMP_NOT_READY' });
    const ready = await rig.finished(id);
    const archive = await rig.service.archive(id);
    expect(archive).toMatchObject({ etag: ready.sha256, fileName: ready.fileName });
    const part: Buffer[] = [];
    for await (const chunk of await archive.open({ start: 2, end: 7 })) part.push(chunk as Buffer);
    const whole = await readFile(join(rig.root, 'files', archiveKey(id)));
    expect(Buffer.concat(part)).toEqual(whole.subarray(2, 7));
    await rig.store.delete(archiveKey(id));
    await expect(rig.service.archive(id)).rejects.toMatchObject({ code: 'DUMP_ARCHIVE_MISSING' });
  });
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
    expect(seconds).toBeGreaterThanOrEqual(1);
  });
});

describe('a job', () => {
  test('tells its phases in order and writes few records', async () => {
    await makeRemote(await rig.addBlock(4, 2));
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
    await makeRemote(await rig.addBlock(4, 2));
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
    await want('head', '/dump/', 'DUMP_STORE_FULL');
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
    await makeRemote(await rig.addBlock(4, 2));
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
      await makeRemote(await rig.addBlock(2, 0));
    };
    const { id } = await rig.service.create(hours(2, 0), 'admin');
    expect((await rig.finished(id)).samples).toBe(3 * 480);
  });
});

describe('after a restart', () => {
  test('a stopped job is begun again and does not count as an attempt', async () => {
    await rig.addBlock(4, 2);
    const begun = Promise.withResolvers<undefined>();
    rig.onCall = async (method) => {
      if (method !== 'dump.addGroup') return;
      begun.resolve(undefined);
      await oneTurn();
    };
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    await begun.promise;
    await rig.service.stop();
    rig.onCall = () => Promise.resolve();
    rig.restart();
    await rig.service.start();
    expect((await rig.finished(id)).state).toBe('ready');
  });

  test('a job that was running is begun again, three times, then it is failed', async () => {
    await rig.addBlock(4, 2);
    const { id } = await rig.service.create(hours(4, 0), 'admin');
    await rig.finished(id);
    const record = JSON.parse(new TextDecoder().decode(rig.kv.values.get(`job:${id}`))) as {
      attempt: number;
      dump: { state: string };
    };
    const want = async (attempt: number, state: string) => {
      record.attempt = attempt;
      record.dump.state = 'running';
      await rig.service.stop();
      rig.kv.values.set(`job:${id}`, new TextEncoder().encode(JSON.stringify(record)));
      rig.restart();
      await rig.service.start();
      expect((await rig.finished(id)).state).toBe(state);
    };
    await want(1, 'ready');
    await want(2, 'ready');
    await want(3, 'failed');
    expect((await rig.service.get(id)).error?.code).toBe('DUMP_INTERRUPTED');
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
    release.resolve(undefined);
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
