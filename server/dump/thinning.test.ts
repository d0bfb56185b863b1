import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRng } from '../../lib/runtime/index.ts';
import { newUlid, openBlock, writeBlock } from '../../lib/tsdb/index.ts';
import { bitsOf, modelOf, put, seriesOf, type Model } from '../../lib/tsdb/model-fixture.ts';
import { blockInfo, removeTree } from '../share/block-fixture.ts';
import { parseContent, wholeContent } from './selection/content.ts';
import { DumpRig, hourMs, hours, startMs } from './dump-fixture.ts';

let rig: DumpRig;
const rng = seededRng(5);

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
});

afterEach(async () => {
  await rig.service.stop();
  await removeTree(rig.root);
});

/** Two hours of a counter that begins anew once, a gauge, and a counter that only its type tells. */
async function addBlock(fromMs: number): Promise<void> {
  const model: Model = new Map();
  for (let at = 0; at < 480; at++) {
    const timeMs = fromMs + at * 15_000;
    const counted = bitsOf(at < 242 ? 1000 + at : at - 241);
    put(model, ['__name__', 'calls_total'], timeMs, counted);
    put(model, ['__name__', 'told_calls'], timeMs, counted);
    put(model, ['__name__', 'go_threads'], timeMs, counted);
  }
  await mkdir(rig.dataDirectory, { recursive: true });
  const series = seriesOf(model);
  const { dir } = writeBlock({
    parentDir: rig.dataDirectory,
    ulid: newUlid(startMs, rng),
    series,
  })!;
  rig.local.add(await blockInfo(dir));
}

async function timesIn(dir: string, ulids: string[]): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = {};
  for (const ulid of ulids) {
    const reader = openBlock(join(dir, ulid));
    for (const [key, samples] of modelOf(reader)) (times[key] ??= []).push(...samples.keys());
    reader.close();
  }
  return times;
}

describe('a dump with a step', () => {
  test('holds one sample per step, resets of counters, and says so everywhere', async () => {
    await addBlock(startMs - 4 * hourMs);
    await addBlock(startMs - 2 * hourMs);
    rig.metadata['told_calls'] = [{ type: 'counter', help: '', unit: '' }];
    const content = { ...wholeContent, stepSeconds: 300 };
    const asked = await rig.service.create(hours(4, 0), 'admin', content);
    expect(asked.stepSeconds).toBe(300);
    const done = await rig.finished(asked.id);
    expect(done).toMatchObject({ state: 'ready', stepSeconds: 300, error: null });
    const { dir, manifest } = await rig.unpack(asked.id);
    const times = await timesIn(
      dir,
      manifest.blocks.map(({ ulid }) => ulid),
    );
    const steps = Array.from({ length: 48 }, (_, at) => (at - 48) * 300_000);
    const edges = [-2 * hourMs - 15_000, -15_000];
    const resets = [-4, -2].flatMap((hour) => [241, 242].map((at) => hour * hourMs + at * 15_000));
    const sorted = (list: number[]) => list.map((ms) => startMs + ms).sort((a, b) => a - b);
    expect(times['["__name__","go_threads"]']).toEqual(sorted([...steps, ...edges]));
    const counter = sorted([...steps, ...edges, ...resets]);
    expect(times['["__name__","calls_total"]']).toEqual(counter);
    expect(times['["__name__","told_calls"]']).toEqual(counter);
    expect(done.samples).toBe(50 + 2 * counter.length);
    expect(manifest.thinned).toEqual({ stepSeconds: 300 });
    const readme = await readFile(join(dir, 'README.md'), 'utf8');
    expect(readme).toContain('the newest sample of each 300 s is in it');
    expect(readme).toContain('--query.lookback-delta=750s');
    const compose = await readFile(join(dir, 'docker-compose.yml'), 'utf8');
    expect(compose).toContain('--query.lookback-delta=750s');
  });

  test('of none says nothing of it', async () => {
    await addBlock(startMs - 2 * hourMs);
    const { id } = await rig.service.create(hours(2, 0), 'admin');
    expect(await rig.finished(id)).toMatchObject({ stepSeconds: 0, samples: 3 * 480 });
    const { dir, manifest } = await rig.unpack(id);
    expect(manifest.thinned).toBeNull();
    const readme = await readFile(join(dir, 'README.md'), 'utf8');
    expect(readme).not.toContain('What was left out');
  });

  test('tells its filter and its redaction, too', async () => {
    await rig.addBlock(2, 0);
    const filter = { nodes: ['host-000000'], jobs: ['mattermost'], metrics: ['test_*'] };
    const content = { filter, redaction: 'hosts-and-ids', stepSeconds: 60 } as const;
    const { id } = await rig.service.create(hours(2, 0), 'admin', content);
    expect(await rig.finished(id)).toMatchObject({ error: null, series: 1 });
    const { dir, manifest } = await rig.unpack(id);
    const readme = await readFile(join(dir, 'README.md'), 'utf8');
    expect(readme).toContain('- jobs: `mattermost`\n- metrics: `test_*`');
    expect(readme).toContain(`- nodes: \`${manifest.filtered!.nodes[0]!}\``);
    expect(readme).toContain('names of hosts, addresses and ids are aliases');
    expect(readme).not.toContain('host-000000');
  });
});

test.each([
  [{}, 0],
  [{ stepSeconds: null }, 0],
  [{ stepSeconds: 0 }, 0],
  [{ stepSeconds: 5 }, 5],
  [{ stepSeconds: 3600 }, 3600],
])('reads the step of %j', (body, want) => {
  expect(parseContent(body).stepSeconds).toBe(want);
});

test.each([4, 3601, -60, 60.5, '60', true, NaN, [60], {}])(
  'refuses a step of %p',
  (stepSeconds) => {
    expect(() => parseContent({ stepSeconds })).toThrow(
      expect.objectContaining({ code: 'DUMP_STEP_INVALID' }),
    );
  },
);
