import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { say } from '../../api/index.ts';
import { DumpRig, hours, startMs } from './dump-fixture.ts';

let rig: DumpRig;

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
});

afterEach(async () => {
  await rig.end();
});

/** Series of a test block, and samples of each in an hour. */
const perHour = 3 * 240;

test('snapshots of heads are in a dump, each sample once', async () => {
  await rig.makeRemote(await rig.addBlock(6, 4));
  await rig.makeRemote(await rig.addBlock(5, 3), 'head');
  await rig.makeRemote(await rig.addBlock(3, 2), 'head');
  await rig.heads.refresh();
  const { id } = await rig.service.create(hours(6, 0), 'admin');
  const { samples } = await rig.finished(id);
  expect(samples).toBe(4 * perHour);
  const { manifest } = await rig.unpack(id);
  expect(manifest.blocks.map(({ mint, maxt }) => [mint, maxt])).toEqual([
    [startMs - 6 * 3_600_000, startMs - 3 * 3_600_000 - 14_999],
    [startMs - 3 * 3_600_000, startMs - 2 * 3_600_000 - 14_999],
  ]);
});

test('what the collecting node hands out is in it, also when there was nothing before', async () => {
  const block = await rig.addBlock(2, 1);
  rig.onFlush = async () => {
    rig.onFlush = () => Promise.resolve();
    await rig.makeRemote(block, 'head');
  };
  // Only the collecting node has it, in its memory.
  const blocks = rig.local.blocks.bind(rig.local);
  rig.local.blocks = () => [];
  const { id } = await rig.service.create(hours(2, 0), 'admin');
  rig.local.blocks = blocks;
  const dump = await rig.finished(id);
  expect([dump.samples, dump.warnings]).toEqual([perHour, []]);
});

test('without an answer it says up to when it reaches, if more was asked for', async () => {
  await rig.makeRemote(await rig.addBlock(4, 2));
  rig.silence = say('note.head-refused', { node: 'b', code: 'CLUSTER_TIMEOUT' });
  const whole = await rig.service.create(hours(4, 0), 'admin');
  expect((await rig.finished(whole.id)).warnings).toEqual([
    'Node b did not hand out its newest samples (CLUSTER_TIMEOUT). The newest sample in this dump is of 2026-11-20 09:59:45 UTC.',
  ]);
  const past = await rig.service.create({ ...hours(4, 3), toMs: hours(4, 3).toMs + 1 }, 'admin');
  expect((await rig.finished(past.id)).warnings).toEqual([]);
});

test('an estimate knows what other nodes have added, within a minute', async () => {
  expect((await rig.service.estimate(hours(4, 0))).samples).toBe(0);
  await rig.makeRemote(await rig.addBlock(4, 3), 'head');
  await rig.makeRemote(await rig.addBlock(3, 2));
  await rig.clock.advance(59_999);
  expect((await rig.service.estimate(hours(4, 0))).samples).toBe(0);
  await rig.clock.advance(1);
  expect((await rig.service.estimate(hours(4, 0))).samples).toBe(2 * perHour);
});

test('an estimate asks the collecting node when nothing is known of the last minutes', async () => {
  const block = await rig.addBlock(2, 1);
  const blocks = rig.local.blocks.bind(rig.local);
  rig.local.blocks = () => [];
  let asked = 0;
  rig.onFlush = async () => {
    asked++;
    rig.local.blocks = blocks;
    await rig.makeRemote(block, 'head');
    rig.onFlush = () => {
      asked++;
      return Promise.resolve();
    };
  };
  // It has handed out long ago what is so old.
  expect((await rig.service.estimate(hours(2, 0.5))).samples).toBe(0);
  expect(asked).toBe(0);
  await rig.clock.advance(60_000);
  expect((await rig.service.estimate(hours(2, 0))).samples).toBe(perHour);
  expect((await rig.service.estimate(hours(0.1, 0))).samples).toBe(0);
  expect(asked).toBe(1);
});

test('an estimate of the last minutes asks the collecting node for what nobody else has of them', async () => {
  const [known, fresh] = [await rig.addBlock(0.5, 1 / 60), await rig.addBlock(1 / 60, 0)];
  await rig.makeRemote(known, 'head');
  const blocks = rig.local.blocks.bind(rig.local);
  rig.local.blocks = () => [];
  let asked = 0;
  rig.onFlush = async () => {
    asked++;
    if (asked > 1) return;
    rig.local.blocks = blocks;
    await rig.makeRemote(fresh, 'head');
    rig.local.blocks = () => [];
  };
  // A minute is not much of half an hour, and all that there is of a minute.
  expect((await rig.service.estimate(hours(0.5, 0))).samples).toBe((perHour * 29) / 60);
  expect(asked).toBe(0);
  await rig.clock.advance(12_000);
  expect((await rig.service.estimate(hours(2 / 60, 0))).samples).toBe((perHour * 2) / 60);
  expect(asked).toBe(1);
  await rig.clock.advance(11_999);
  expect((await rig.service.estimate(hours(2 / 60, 0))).samples).toBe((perHour * 2) / 60);
  expect(asked).toBe(1);
});
