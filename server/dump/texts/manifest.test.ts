import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { readFile } from 'node:fs/promises';
import { say, toldAs, type Gap, type Target } from '../../../api/index.ts';
import { removeTree } from '../../share/block-fixture.ts';
import { wholeContent, type DumpContent } from '../selection/content.ts';
import { DumpRig, hours, startMs } from '../dump-fixture.ts';
import { parseFilter } from '../selection/filter.ts';
import type { Manifest } from './manifest.ts';

const target: Omit<Target, 'gaps' | 'recent'> = {
  job: 'mattermost',
  instance: 'app1:8067',
  url: 'http://app1:8067/metrics',
  labels: { role: 'primary' },
  state: 'down',
  lastScrapeMs: startMs,
  lastDurationMs: 12.5,
  lastSamples: 100,
  lastDropped: null,
  rejected: { outOfOrder: 0, tooOld: 0, tooNew: 1, duplicates: 0, duplicateLines: 0 },
  lastError: { code: 'SCRAPE_REFUSED', ...toldAs(say('scrape.refused')), detail: '' },
};

let rig: DumpRig;
let validate: ValidateFunction;

beforeEach(async () => {
  const schema = new URL('../../../docs/format/manifest.schema.json', import.meta.url);
  const text = await readFile(schema, 'utf8');
  validate = new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(text) as object);
  rig = await DumpRig.create();
  await rig.service.start();
  await rig.addBlock(4, 2);
});

afterEach(async () => {
  await rig.service.stop();
  await removeTree(rig.root);
});

function gap(instance: string, fromMs: number, toMs: number | null, message: string): Gap {
  const reason = 'COLLECTOR_CHANGED';
  const sentence = say('gap.collector-changed', { before: 'a', after: 'b' });
  return { job: 'mattermost', instance, fromMs, toMs, reason, message, sentence, missedScrapes: 2 };
}

async function build(filter: DumpContent['filter'] = null): Promise<Manifest> {
  const { id } = await rig.service.create(hours(4, 0), 'admin', { ...wholeContent, filter });
  expect((await rig.finished(id)).error).toBeNull();
  return (await rig.unpack(id)).manifest;
}

function expectValid(manifest: unknown): void {
  validate(manifest);
  expect(validate.errors ?? []).toEqual([]);
}

test('what a build writes is as the schema says, with everything in it and with little', async () => {
  expectValid(await build());
  rig.license = {
    ...{ sku: 'enterprise', isTrial: true, expiresAtMs: startMs },
    ...{ hasMetrics: true, hasCluster: true },
  };
  const seenMs = startMs;
  rig.nodes = [
    { host: 'app1', mode: 'scraper', pluginVersion: '0.8.0', serverVersion: '11.9.0', seenMs },
    { host: 'app2', mode: 'listener', pluginVersion: '0.8.1', serverVersion: '', seenMs },
  ];
  rig.targets = [{ ...target, gaps: [], recent: [] }];
  const manifest = await build(parseFilter({ jobs: ['mattermost'] }));
  expectValid(manifest);
  const inWords = { code: 'SCRAPE_REFUSED', message: 'Nothing listens at this address.' };
  expect(manifest).toMatchObject({
    license: rig.license,
    nodes: rig.nodes,
    targets: [{ ...target, lastError: { ...inWords, detail: '' } }],
    filtered: { nodes: [], jobs: ['mattermost'], metrics: [] },
  });
});

test('gaps of a change of the collecting node are told as one change', async () => {
  const first = 'Collecting moved from app1 to app2.';
  const second = 'Collecting moved from app2 to app3.';
  rig.moreGaps = [
    gap('app2:8067', startMs - 7_190_000, startMs - 7_170_000, first),
    gap('app1:8067', startMs - 7_200_000, startMs - 7_180_000, first),
    gap('app1:8067', startMs - 60_000, null, second),
  ];
  const manifest = await build();
  expectValid(manifest);
  expect(manifest.collectorChanges).toEqual([
    { fromMs: startMs - 7_200_000, toMs: startMs - 7_170_000, message: first },
    { fromMs: startMs - 60_000, toMs: null, message: second },
  ]);
  // Whoever reads the file reads English.
  expect(JSON.stringify(manifest)).not.toContain('"sentence"');
});

test('the schema refuses what is not a manifest', async () => {
  const manifest = await build();
  for (const key of Object.keys(manifest)) {
    expect(validate({ ...manifest, [key]: undefined })).toBe(false);
  }
  expect(validate({ ...manifest, formatVersion: 2 })).toBe(false);
  expect(validate({ ...manifest, files: [{ path: '/etc', sizeBytes: 1, sha256: 'x' }] })).toBe(
    false,
  );
});
