import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { say } from '../../../api/index.ts';
import { ThreadError } from '../../../lib/runtime/index.ts';
import { makeBlock, removeTree } from '../../share/block-fixture.ts';
import { archiveKey } from '../../share/index.ts';
import { wholeContent } from '../selection/content.ts';
import { DumpCoverage } from '../selection/coverage.ts';
import type { DumpService } from '../dumps.ts';
import { DumpError, toDumpError } from '../errors.ts';
import { DumpRig, hourMs, oneTurn, startMs } from '../dump-fixture.ts';
import type { Manifest } from '../texts/manifest.ts';
import { SupportPacket, type SupportPacketOptions } from './support-packet.ts';

let rig: DumpRig;

beforeEach(async () => {
  rig = await DumpRig.create();
});

afterEach(async () => {
  // It looks at blocks to estimate, and waits for further questions.
  await rig.service.stop();
  expect(rig.openThreads).toBe(0);
  expect(await readdir(join(rig.dataDirectory, 'dump-work')).catch(() => [])).toEqual([]);
  expect(rig.clock.pendingTimers).toBe(0);
  await removeTree(rig.root);
});

function packet(options: Partial<SupportPacketOptions> = {}): SupportPacket {
  return new SupportPacket({
    ...rig.options(),
    rangeMs: () => 72 * hourMs,
    dumps: rig.service,
    ...options,
  });
}

async function manifestOf(body: Uint8Array): Promise<Manifest> {
  const path = join(rig.root, 'packet.tar.gz');
  await writeFile(path, body);
  const text = execFileSync('tar', ['xzOf', path, 'manifest.json'], { stdio: 'pipe' }).toString();
  return JSON.parse(text) as Manifest;
}

/** A day of samples as real ones are: what else an archive holds is little beside them. */
async function addDay(): Promise<void> {
  for (let hour = 24; hour > 0; hour -= 12) {
    const [mint, maxt] = [startMs - hour * hourMs, startMs - (hour - 12) * hourMs];
    const noisy = { isLifelike: true, seriesCount: 24, seed: hour };
    rig.local.add(await makeBlock({ parentDir: rig.dataDirectory, mint, maxt, ...noisy }));
  }
}

test('is a fresh dump of the configured days, up to now', async () => {
  await rig.addBlock(80, 60);
  rig.local.head = { mint: startMs - hourMs, maxt: startMs };
  const { archive, asked, failure, reductions } = await packet().dump();
  expect([failure, reductions, asked.toMs]).toEqual([undefined, [], startMs + 1]);
  const manifest = await manifestOf(archive!.body);
  expect(manifest.range.actual).toEqual(archive!.actual);
  expect(archive).toMatchObject({
    requested: asked,
    actual: { fromMs: startMs - 72 * hourMs + 15_000 },
    stepSeconds: 0,
    samples: manifest.samples,
  });
});

test('is thinned out first and shortened then, until it fits, and says so', async () => {
  await addDay();
  const whole = (await packet().dump()).archive!;
  const fewer = { maxBytes: Math.floor(whole.body.length * 0.8) };
  const thin = await packet(fewer).dump();
  expect(thin.archive!.body.length).toBeLessThanOrEqual(fewer.maxBytes);
  expect(thin.archive).toMatchObject({ stepSeconds: 60, requested: whole.requested });
  const { thinned, warnings } = await manifestOf(thin.archive!.body);
  expect(thinned).toEqual({ stepSeconds: 60 });
  expect(warnings).toEqual(thin.reductions);
  expect(thin.reductions[0]).toMatch(/^Thinned out to one sample per series and 60 s/);

  const few = { maxBytes: Math.floor(thin.archive!.body.length * 0.4) };
  const short = await packet(few).dump();
  expect(short.archive!.body.length).toBeLessThanOrEqual(few.maxBytes);
  expect(short.archive!.stepSeconds).toBe(300);
  expect(short.archive!.requested.fromMs).toBeGreaterThan(whole.requested.fromMs);
  expect(short.reductions[1]).toMatch(/^Shortened to the last/);
});

test('does not try what an estimate calls clearly too large, and tries what it calls a little so', async () => {
  await addDay();
  const maxBytes = (await packet().dump()).archive!.body.length;
  const attempt = async (factor: number) => {
    const estimate: DumpService['estimate'] = async (range, content) => {
      const told = await rig.service.estimate(range);
      return { ...told, bytes: content?.stepSeconds === 0 ? factor * maxBytes : 1, seconds: 1 };
    };
    const { list, archive } = rig.service;
    const dumps = { list: list.bind(rig.service), archive: archive.bind(rig.service), estimate };
    return (await packet({ maxBytes, dumps }).dump()).archive?.stepSeconds;
  };
  expect([await attempt(1.09), await attempt(1.2)]).toEqual([0, 60]);
});

test('is shortened where the time is not enough, or the disk has no room', async () => {
  await addDay();
  // The first attempt hangs until its share of the time is over.
  let isLate = true;
  rig.onCall = async (method) => {
    if (method !== 'dump.addGroup' || !isLate) return;
    isLate = false;
    await rig.clock.advance(30_000);
    await oneTurn();
  };
  const late = await packet().dump();
  expect(late.reductions).toEqual([expect.stringMatching(/last 9 h instead of 72 h.*waits/)]);
  expect(late.tookMs).toBe(30_000);
  const { asked } = late;
  rig.freeBytes = new DumpCoverage(rig.options()).neededBytes(asked) - 1;
  const { reductions } = await packet().dump();
  expect(reductions).toEqual([expect.stringMatching(/^Shortened.*room/)]);
});

test('says why there is none: nothing, too much, no room, no time', async () => {
  const codeOf = async (options: Partial<SupportPacketOptions> = {}) => {
    const failing = packet(options);
    const { archive, failure } = await failing.dump();
    // What could not be broken off in time is waited for here alone.
    await failing.stop();
    expect(archive).toBeUndefined();
    return failure?.code;
  };
  expect(await codeOf()).toBe('DUMP_RANGE_EMPTY');
  await rig.addBlock(4, 0);
  expect(await codeOf({ maxBytes: 100 })).toBe('DUMP_TOO_LARGE');
  expect(await codeOf({ freeBytes: () => Promise.resolve(0) })).toBe('DUMP_NO_SPACE');
  rig.onCall = async (method) => {
    if (method !== 'dump.addGroup') return;
    await rig.clock.advance(60_000);
    await oneTurn();
  };
  expect(await codeOf()).toBe('DUMP_TOO_SLOW');
});

test('is the newest finished dump when no fresh one can be made, and says so', async () => {
  await rig.addBlock(30, 0);
  const make = async (fromHour: number, toHour: number, metrics: string[] = []) => {
    const range = { fromMs: startMs - fromHour * hourMs, toMs: startMs - toHour * hourMs };
    const filter = metrics.length === 0 ? null : { nodes: [], jobs: [], metrics };
    const dump = await rig.service.create(range, 'admin', { ...wholeContent, filter });
    return await rig.finished(dump.id);
  };
  await make(30, 26);
  const newest = await make(10, 2);
  await make(20, 12);
  await make(4, 0, ['test_*']);
  const noRoom = { freeBytes: () => Promise.resolve(0) };
  const { archive, failure, reductions } = await packet(noRoom).dump();
  expect(failure?.code).toBe('DUMP_NO_SPACE');
  expect(archive).toMatchObject({ actual: newest.actual, samples: newest.samples });
  expect((await manifestOf(archive!.body)).jobId).toBe(newest.id);
  expect(reductions).toEqual([expect.stringMatching(/^The newest finished dump, of .* no room/)]);
  // Nothing of it is asked for, or it is too large, or it is gone.
  expect((await packet({ ...noRoom, maxBytes: 10 }).dump()).archive).toBeUndefined();
  expect((await packet({ ...noRoom, rangeMs: () => hourMs }).dump()).archive).toBeUndefined();
  await rig.store.delete(archiveKey(newest.id));
  const gone = await packet(noRoom).dump();
  expect([gone.archive, gone.failure?.code]).toEqual([undefined, 'DUMP_NO_SPACE']);
});

test('does not wait for what cannot be broken off', async () => {
  await rig.addBlock(4, 0);
  const reached = Promise.withResolvers<undefined>();
  const hang = Promise.withResolvers<undefined>();
  rig.onCall = async (method) => {
    if (method !== 'dump.addGroup') return;
    reached.resolve(undefined);
    await hang.promise;
  };
  const hanging = packet();
  const dump = hanging.dump();
  await reached.promise;
  await rig.clock.advance(80_000);
  expect((await dump).failure?.code).toBe('DUMP_TOO_SLOW');
  // It goes on being broken off, and nothing else is begun meanwhile.
  const second = hanging.dump();
  expect(rig.openThreads).toBe(1);
  hang.resolve(undefined);
  await second;
  await hanging.stop();
});

test('is given up when the plugin stops', async () => {
  await rig.addBlock(4, 0);
  const stopping = packet();
  rig.onCall = async (method) => {
    if (method === 'dump.addGroup') void stopping.stop();
    await oneTurn();
  };
  expect((await stopping.dump()).failure?.code).toBe('DUMP_CANCELLED');
});

test('is built once for callers at the same time', async () => {
  await rig.addBlock(4, 0);
  const both = packet();
  const [a, b] = await Promise.all([both.dump(), both.dump()]);
  expect(a).toBe(b);
});

test('knows its own errors when they come out of a worker', () => {
  const thrown = new DumpError('DUMP_TOO_LARGE', say('dump.too-large', { limitBytes: 1024 }));
  const { code, message } = thrown;
  const details = structuredClone(thrown.details);
  const fromWorker = new ThreadError(code, message, { details });
  expect(toDumpError(fromWorker).toApiError()).toEqual(thrown.toApiError());
  const unknown = new ThreadError('DUMP_OF_ANOTHER_VERSION', 'sentence');
  expect(toDumpError(unknown).code).toBe('DUMP_FAILED');
});
