import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { Target } from '../../api/index.ts';
import { FakeClock } from '../../lib/runtime/index.ts';
import { noPacketDump, type PacketDump } from '../dump/index.ts';
import { parseSettings } from '../settings/index.ts';
import { supportFiles, type SupportFacts, type SupportQuestions } from './support-files.ts';

const startMs = Date.UTC(2026, 10, 20, 12);
const asked = { fromMs: startMs - 86_400_000, toMs: startMs + 1 };

/** Secrets and what looks like one; none may be in a file. */
const raw = {
  CustomTargetSecrets: 'db bearer s3cr3t-token',
  customtargets: 'https://db1.example.com/metrics?auth=s3cr3t-query job=postgres secret=db',
  ScrapeIntervalSeconds: 30,
};

const facts: SupportFacts = {
  nowMs: startMs,
  pluginId: 'com.mattermost.mattermost-plugin-metrics',
  pluginVersion: '0.8.0',
  serverVersion: '11.1.0',
  hostName: 'app1',
  activeSinceMs: startMs - 60_000,
  configuration: {
    ...{ raw, ...parseSettings(raw) },
    server: {
      metrics: { enable: true, listenAddress: ':8067' },
      file: {
        ...{ driverName: 'amazons3', directory: '' },
        s3: { secretAccessKey: 's3cr3t-store' } as never,
      },
      service: { siteUrl: '' },
      cluster: { enable: true, clusterName: 'c', overrideHostname: '' },
      sql: { driverName: 'postgres' },
      plugins: { enabled: [], rtcdUrl: '', areMetricsAggregated: false },
    },
  },
  gapRange: asked,
  metrics: undefined,
  process: {
    ...{ pid: 1, runtime: 'Node.js', platform: 'linux', uptimeSeconds: 60, cpuSeconds: 1 },
    ...{ privateBytes: 1, heapBytes: 1, longestSliceMs: undefined },
  },
  log: [
    { level: 'warn', message: 'old', fields: [], atMs: startMs - 2000, times: 3 },
    { level: 'error', message: 'new', fields: [['code', 'X']], atMs: startMs - 1000, times: 1 },
  ],
};

function target(instance: string, state: Target['state']): Target {
  return {
    ...{ job: 'prometheus', instance, url: `http://${instance}/metrics`, labels: {}, state },
    ...{ lastScrapeMs: startMs, lastDurationMs: 12.4, lastSamples: 10, lastDropped: 0 },
    rejected: { outOfOrder: 0, tooOld: 0, tooNew: 0, duplicates: 0, duplicateLines: 0 },
    recent: [
      { atMs: startMs - 1, isUp: true, durationMs: 1 },
      { atMs: startMs, isUp: false, durationMs: 1 },
    ],
    lastError: state === 'down' ? { code: 'SCRAPE_REFUSED', message: 'no', detail: '' } : null,
    gaps: [],
  };
}

const gap = (instance: string, fromMs: number, reason: string, toMs: number | null) => ({
  ...{ job: 'prometheus', instance, fromMs, toMs, reason },
  ...{ message: `${reason} ${String(fromMs)}`, missedScrapes: 4 },
});

const questions: SupportQuestions = {
  license: () => Promise.resolve(null),
  status: () => Promise.resolve(undefined),
  targets: () => Promise.resolve([target('a:1', 'up'), target('b:1', 'down')]),
  gaps: () =>
    Promise.resolve([
      gap('a:1', startMs - 9000, 'SCRAPE_TIMEOUT', startMs - 8000),
      gap('a:1', startMs - 5000, 'SCRAPE_REFUSED', startMs - 4000),
      gap('b:1', startMs - 3000, 'SCRAPE_REFUSED', null),
    ]),
  cardinality: () => Promise.resolve(undefined),
};

const dumped: PacketDump = {
  ...{ asked, budgetBytes: 1000, failure: undefined, tookMs: 1500 },
  reductions: ['Thinned out to one sample per series and 60 s.'],
  archive: {
    ...{ body: new Uint8Array(5), requested: asked, actual: asked, stepSeconds: 60 },
    ...{ samples: 10, series: 2, warnings: ['one'] },
  },
};

async function files(dump = dumped, answers: Partial<SupportQuestions> = {}) {
  const clock = new FakeClock(startMs);
  const pending = supportFiles(clock, dump, facts, { ...questions, ...answers });
  for (let turn = 0; turn < 5; turn++) await clock.advance(1000);
  const made = await pending;
  expect(clock.pendingTimers).toBe(0);
  const text = new TextDecoder().decode(made.at(-1)?.body);
  return { names: made.map(({ name }) => name), made, text, yaml: parse(text) as unknown };
}

test('are the archive and the diagnostics, which begin with a sentence for people', async () => {
  const { names, text, yaml } = await files();
  expect(names).toEqual([
    'mattermost-plugin-metrics/tsdb_dump.tar.gz',
    'mattermost-plugin-metrics/diagnostics.yaml',
  ]);
  expect(text.split('\n').filter((line) => line.startsWith('#'))).toEqual([
    '# What the Metrics plugin 0.8.0 on app1 knew of itself at 2026-11-20T12:00:00.000Z.',
    '# The metrics are beside it, in tsdb_dump.tar.gz; README.md in there says how to open them.',
    '# Thinned out to one sample per series and 60 s.',
    '# Times are UTC. It holds no secrets. Its fields: docs/format/diagnostics.md of the plugin.',
  ]);
  expect(yaml).toMatchObject({
    formatVersion: 1,
    plugin: { version: '0.8.0', activeSince: '2026-11-20T11:59:00.000Z' },
    server: { version: '11.1.0', license: 'none', fileDriver: 'amazons3' },
    dump: { tookSeconds: 1.5, archive: { bytes: 5, stepSeconds: 60, warnings: ['one'] } },
    settings: {
      values: { ScrapeIntervalSeconds: 30, SupportPacketMetricsDays: 1, HonorLabels: true },
      secretsSet: ['CustomTargetSecrets'],
    },
    self: { process: { pid: 1 } },
  });
});

test('put first what matters most', async () => {
  const { yaml } = await files();
  expect(yaml).toMatchObject({
    targets: {
      list: [
        { instance: 'b:1', state: 'down', lastError: { code: 'SCRAPE_REFUSED', message: 'no' } },
        { instance: 'a:1', state: 'up', recentScrapes: 2, recentFailures: 1, lastDurationMs: 12 },
      ],
    },
    gaps: {
      count: 3,
      byReason: [
        {
          ...{ reason: 'SCRAPE_REFUSED', gaps: 2, isOpen: true, missedScrapes: 8, targets: 2 },
          newest: { target: 'prometheus b:1', from: '2026-11-20T11:59:57.000Z' },
        },
        { reason: 'SCRAPE_TIMEOUT', gaps: 1, isOpen: false },
      ],
    },
    log: [
      { at: '2026-11-20T11:59:59.000Z', level: 'error', message: 'new', code: 'X' },
      { level: 'warn', message: 'old', times: 3 },
    ],
  });
});

test('hold no secret', async () => {
  const { text } = await files();
  expect(text).toContain('db1.example.com');
  expect(text).not.toContain('s3cr3t');
});

test('say why there are no metrics', async () => {
  const failure = { code: 'DUMP_RANGE_EMPTY', message: 'There are none.', detail: '' };
  const { names, made, text, yaml } = await files(noPacketDump(asked, failure));
  expect(names[0]).toBe('mattermost-plugin-metrics/why-no-metrics.txt');
  const reason = new TextDecoder().decode(made[0]?.body);
  expect(reason).toContain('There are none.\nDUMP_RANGE_EMPTY');
  expect(text).toContain('# There are no metrics beside it: There are none.');
  expect(yaml).toMatchObject({ dump: { failure } });
});

test('are there without what fails, and without what never answers', async () => {
  const { yaml } = await files(dumped, {
    status: () => Promise.reject(new Error('broken')),
    gaps: () => new Promise(() => undefined),
    cardinality: () => {
      throw new Error('at once');
    },
  });
  expect(yaml).toMatchObject({ targets: { list: [{}, {}] } });
  expect(yaml).not.toHaveProperty('gaps');
  const { untold } = yaml as { untold: { what: string; reason: string }[] };
  expect(untold.sort((a, b) => (a.what < b.what ? -1 : 1))).toEqual([
    { what: 'cardinality', reason: 'at once' },
    { what: 'gaps', reason: 'There was no answer within 5 s.' },
    { what: 'status', reason: 'broken' },
  ]);
});
