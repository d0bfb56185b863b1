import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { seededRng } from '../../../lib/runtime/index.ts';
import { newUlid, writeBlock } from '../../../lib/tsdb/index.ts';
import { bitsOf, put, seriesOf, type Model } from '../../../lib/tsdb/model-fixture.ts';
import { blockInfo, removeTree } from '../../share/block-fixture.ts';
import { wholeContent } from '../selection/content.ts';
import { DumpRig, hourMs, hours, oneTurn, startMs } from '../dump-fixture.ts';
import { maxPreviewEntries, maxWaitingProbes, probeIdleMs } from '../limits.ts';

const userId = 'abcdefghijklmnopqrstuvwxy3';

let rig: DumpRig;

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
});

afterEach(async () => {
  await rig.end();
});

async function add(labelSets: string[][], hour = 1): Promise<void> {
  const model: Model = new Map();
  for (const labels of labelSets) put(model, labels, startMs - hour * hourMs, bitsOf(1));
  const ulid = newUlid(startMs, seededRng(labelSets.length + hour));
  const series = seriesOf(model);
  // The shelf's own blocks make the directory.
  await rig.addBlock(20, 19);
  const { dir } = writeBlock({ parentDir: rig.dataDirectory, ulid, series })!;
  rig.local.add(await blockInfo(dir));
}

const web = ['__name__', 'web', 'instance', 'app1:80', 'job', 'm', 'user_id', 'bob'];
const url = ['__name__', 'web', 'instance', 'app2:80', 'job', 'm', 'url', 'http://app1:80/x'];
const up = ['__name__', 'up', 'instance', 'app1:80', 'job', 'n', 'route', `/users/${userId}`];

describe('a preview', () => {
  test('tells metrics, labels, hosts and jobs, and what a redaction would replace', async () => {
    await add([web, url, up]);
    rig.nodes = [
      { host: 'peer', mode: 'listener', pluginVersion: '', serverVersion: '', seenMs: 1 },
    ];
    const told = await rig.service.preview(hours(2, 0));
    expect(told).toEqual({
      series: 3,
      metrics: [
        { name: 'web', series: 2 },
        { name: 'up', series: 1 },
      ],
      labels: [
        { name: 'instance', values: 2, examples: ['app1:80', 'app2:80'] },
        { name: 'job', values: 2, examples: ['m', 'n'] },
        { name: 'route', values: 1, examples: [`/users/${userId}`] },
        { name: 'url', values: 1, examples: ['http://app1:80/x'] },
        { name: 'user_id', values: 1, examples: ['bob'] },
      ],
      hosts: ['app1', 'app2', 'host-000000', 'node-a', 'peer'],
      jobs: ['m', 'n'],
      redacted: { hosts: false, labels: [] },
      isCut: false,
    });
    const redacted = await rig.service.preview(hours(2, 0), {
      ...wholeContent,
      redaction: 'hosts-and-ids',
    });
    const labels = ['instance', 'route', 'url', 'user_id'];
    expect(redacted).toEqual({ ...told, redacted: { hosts: true, labels } });
    expect(await rig.service.list()).toEqual([]);
  });

  test('is of the series that are asked for, in the range, the head included', async () => {
    await add([web, up]);
    rig.local.head = { mint: startMs - hourMs / 2, maxt: startMs };
    const filter = { nodes: ['host-000001'], jobs: [], metrics: [] };
    const head = await rig.service.preview(hours(2, 0), { ...wholeContent, filter });
    expect(head).toMatchObject({ series: 1, jobs: ['mattermost'] });
    expect(head.metrics).toEqual([{ name: 'test_requests_total', series: 1 }]);
    const none = { nodes: [], jobs: ['other'], metrics: [] };
    expect(await rig.service.preview(hours(2, 0), { ...wholeContent, filter: none })).toMatchObject(
      { series: 0, metrics: [], jobs: [] },
    );
    expect((await rig.service.preview(hours(9, 8))).series).toBe(0);
  });

  test('has lists of a largest length, and says when one was cut', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) => ['__name__', `m${String(at).padStart(4, '0')}`]);
    await add(many(maxPreviewEntries));
    expect(await rig.service.preview(hours(2, 0))).toMatchObject({ isCut: false });
    await add(many(maxPreviewEntries + 1), 4);
    const cut = await rig.service.preview(hours(5, 3));
    expect(cut).toMatchObject({ isCut: true, series: maxPreviewEntries + 1 });
    expect(cut.metrics).toHaveLength(maxPreviewEntries);
  });

  test('of a range that makes no sense is refused', async () => {
    const reversed = { fromMs: startMs, toMs: startMs - 1 };
    const code = 'DUMP_RANGE_REVERSED';
    await expect(rig.service.preview(reversed)).rejects.toMatchObject({ code });
    await expect(rig.service.estimate(reversed)).rejects.toMatchObject({ code });
  });
});

describe('questions about dumps', () => {
  test('are asked once at a time, at most so many, and not when the plugin stops', async () => {
    await rig.addBlock(2, 0);
    await rig.catalog.refresh();
    let calls = 0;
    const gate = Promise.withResolvers<undefined>();
    rig.onCall = async (method) => {
      if (method === 'dump.estimate') calls++;
      await gate.promise;
    };
    const asked = Array.from({ length: maxWaitingProbes }, (_, at) =>
      rig.service.estimate(hours(2 + at, 0)),
    );
    const same = rig.service.estimate(hours(2, 0));
    await expect(rig.service.estimate(hours(99, 0))).rejects.toMatchObject({ code: 'DUMP_BUSY' });
    gate.resolve(undefined);
    expect(await same).toEqual(await asked[0]);
    await Promise.all(asked);
    expect(calls).toBe(maxWaitingProbes);
    const late = rig.service.estimate(hours(2, 0));
    late.catch(() => undefined);
    await rig.service.stop();
    await expect(late).rejects.toMatchObject({ code: 'DUMP_STOPPED' });
    await expect(rig.service.preview(hours(2, 0))).rejects.toMatchObject({ code: 'DUMP_STOPPED' });
  });

  test('share a worker, which goes when nobody asks any more, and comes back after it failed', async () => {
    await rig.addBlock(2, 0);
    const { samples } = await rig.service.estimate(hours(2, 0));
    await rig.service.preview(hours(2, 0));
    expect(rig.openThreads).toBe(1);
    await rig.clock.advance(probeIdleMs);
    while (rig.openThreads > 0) await oneTurn();
    rig.onCall = () => Promise.reject(new Error('it crashed'));
    const failed = rig.service.estimate(hours(2, 0));
    await expect(failed).rejects.toMatchObject({ code: 'DUMP_FAILED' });
    rig.onCall = () => Promise.resolve();
    expect(await rig.service.estimate(hours(2, 0))).toMatchObject({ samples });
  });

  test('leave out blocks that were deleted meanwhile', async () => {
    const block = await rig.addBlock(4, 2);
    await rig.addBlock(2, 0);
    const before = await rig.service.estimate(hours(4, 0));
    await removeTree(block.dir);
    const after = await rig.service.estimate(hours(4, 0));
    expect(after.samples).toBe(before.samples);
    await removeTree(rig.local.blocks()[1]!.dir);
    expect((await rig.service.estimate(hours(4, 0))).samples).toBe(before.samples);
    expect((await rig.service.preview(hours(4, 0))).series).toBe(0);
  });
});
