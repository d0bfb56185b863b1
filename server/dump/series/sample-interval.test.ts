import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRng } from '../../../lib/runtime/index.ts';
import { newUlid, writeBlock } from '../../../lib/tsdb/index.ts';
import { bitsOf, put, seriesOf, staleBits, type Model } from '../../../lib/tsdb/model-fixture.ts';
import { blockInfo } from '../../share/block-fixture.ts';
import { wholeContent, type DumpContent } from '../selection/content.ts';
import { DumpRig, hourMs, hours, startMs } from '../dump-fixture.ts';

let rig: DumpRig;
const rng = seededRng(8);

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
});

afterEach(async () => {
  await rig.end();
});

interface Rhythm {
  fromHour: number;
  toHour: number;
  seconds: number;
  job?: string;
}

/** Scrapes of a rhythm, an hour without any in the middle, and a mark of their end. */
async function addBlock({ fromHour, job = 'prometheus', seconds, toHour }: Rhythm): Promise<void> {
  const model: Model = new Map();
  const labels = ['__name__', 'up', 'instance', 'app1:8067', 'job', job];
  const [fromMs, toMs] = [startMs - fromHour * hourMs, startMs - toHour * hourMs];
  for (let timeMs = fromMs; timeMs < toMs; timeMs += seconds * 1000) {
    const isInGap = timeMs > fromMs + hourMs / 2 && timeMs < fromMs + hourMs;
    if (isInGap) continue;
    put(model, labels, timeMs, bitsOf(1));
    put(model, ['__name__', 'test_own', 'job', job], timeMs, bitsOf(timeMs));
  }
  put(model, labels, toMs - 1, staleBits);
  await mkdir(rig.dataDirectory, { recursive: true });
  const ulid = newUlid(startMs, rng);
  const { dir } = writeBlock({ parentDir: rig.dataDirectory, ulid, series: seriesOf(model) })!;
  rig.local.add(await blockInfo(dir));
}

/** What the unpacked dump's own dashboards, data source and commands reckon with. */
async function reckoned(content: Partial<DumpContent> = {}, fromHour = 6) {
  const { id } = await rig.service.create(hours(fromHour, 0), 'admin', {
    ...wholeContent,
    ...content,
  });
  expect((await rig.finished(id)).error).toBeNull();
  const { dir } = await rig.unpack(id);
  const read = (path: string) => readFile(join(dir, path), 'utf8');
  const board = await read('viewer/grafana/boards/mattermost-performance.json');
  const source = await read('viewer/grafana/provisioning/datasources/prometheus.yml');
  const lookback = /lookback-delta=(\d+)s/;
  return {
    shortestWindow: Math.min(...[...board.matchAll(/\[(\d+)s\]/g)].map(([, s]) => Number(s))),
    timeInterval: /timeInterval: (\S+)/.exec(source)?.[1],
    compose: lookback.exec(await read('docker-compose.yml'))?.[1],
    readme: lookback.exec(await read('README.md'))?.[1],
  };
}

test('windows fit the longest interval in the range, whatever the setting is now', async () => {
  await addBlock({ fromHour: 6, toHour: 4, seconds: 60 });
  await addBlock({ fromHour: 4, toHour: 2, seconds: 15 });
  const wide = { shortestWindow: 240, timeInterval: '60s', compose: '300', readme: undefined };
  expect(await reckoned()).toEqual(wide);
  expect(await reckoned({}, 4)).toEqual({ ...wide, shortestWindow: 60, timeInterval: '15s' });
});

test('a rhythm that is long is told to Prometheus, too, and stays in a part of the series', async () => {
  await addBlock({ fromHour: 6, toHour: 2, seconds: 300 });
  await rig.addBlock(2, 0);
  const filter = { nodes: [], jobs: [], metrics: ['test_*'] };
  expect(await reckoned({ filter })).toEqual({
    ...{ shortestWindow: 1200, timeInterval: '300s', compose: '750', readme: '750' },
  });
});

test('targets with an interval of their own do not count, and without any the setting does', async () => {
  await addBlock({ fromHour: 6, toHour: 4, seconds: 300, job: 'own' });
  expect(await reckoned()).toMatchObject({ shortestWindow: 60, timeInterval: '15s' });
  expect(await reckoned({ stepSeconds: 60 })).toMatchObject({ shortestWindow: 240 });
});
