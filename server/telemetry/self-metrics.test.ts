import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { formatOf, LineTemplate } from '../../lib/exposition/index.ts';
import { silentLogger } from '../../lib/runtime/index.ts';
import { SampleBatch } from '../../lib/tsdb/index.ts';
import { testNeeding } from '../../test/programs.ts';
import { metricsListener } from './metrics-listener.ts';
import { privateMemoryBytes } from './private-memory.ts';
import { renderSelfMetrics, type SelfMetricsSources } from './self-metrics.ts';

const whole: SelfMetricsSources = {
  pluginVersion: '0.8.0-"rc"\n\\1',
  longestSliceMs: 12.5,
  privateBytes: 90_000_000,
  parts: {
    isCollecting: true,
    targets: { up: 2, total: 3 },
    scraped: {
      ...{ scrapes: 9, samples: 1e21 },
      rejected: { outOfOrder: 1, tooOld: 2, tooNew: 3, duplicates: 4, duplicateLines: 5 },
      failures: new Map([
        ['SCRAPE_TIMEOUT', 2],
        ['SCRAPE_HTTP_404', 1],
      ]),
    },
    store: {
      ...{ headSeries: 5, headSamples: 6, headMinMs: undefined, headMaxMs: undefined },
      ...{ blocks: 7, sizeBytes: 800, walBytes: 300 },
    },
    sync: {
      ...{ driver: 'local', remoteBlocks: 1, remoteBytes: 2, pendingBlocks: 4, pendingBytes: 40 },
      ...{ lagMs: 1500, lastSuccessMs: 1_700_000_000_000, lastError: null },
    },
    cluster: {
      ...{ isHolding: false, epoch: 12 },
      events: {
        ...{ received: 10, unknownVersion: 1, unknownKind: 2, unreadable: 3, tooLarge: 4 },
        ...{ strayed: 5, refused: 6 },
      },
    },
  },
};

const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/** What our own scraper reads in a text: values by series, and what is said of the families. */
function read(text: string) {
  const names: string[] = [];
  const resolve = (labels: string[]) => names.push(labels.join(' ').replace('__name__ ', '')) - 1;
  const template = new LineTemplate({ maxSamples: 1000 });
  template.begin(Buffer.from(text), resolve, formatOf(contentType));
  while (!template.step(256));
  const batch = new SampleBatch();
  template.emit(batch, 0);
  const values: Record<string, number> = {};
  for (let at = 0; at < batch.count; at++) {
    const bits = new Uint32Array([batch.lo[at] ?? 0, batch.hi[at] ?? 0]);
    const name = names[batch.refs[at] ?? 0] ?? '';
    values[name.replace('mattermost_plugin_metrics_', '')] =
      new Float64Array(bits.buffer)[0] ?? NaN;
  }
  template.accept();
  return { values, families: template.families() };
}

test('says everything in a form that our own scraper reads', () => {
  const { families, values } = read(renderSelfMetrics(whole));
  expect(values).toEqual({
    'build_info version 0.8.0-"rc"\n\\1': 1,
    ...{ private_memory_bytes: 90_000_000, longest_slice_seconds: 0.0125, ready: 1 },
    ...{ collecting: 1, targets: 3, targets_up: 2, scrapes_total: 9, scraped_samples_total: 1e21 },
    'rejected_samples_total reason out_of_order': 1,
    'rejected_samples_total reason too_old': 2,
    'rejected_samples_total reason too_new': 3,
    'rejected_samples_total reason duplicates': 4,
    'rejected_samples_total reason duplicate_lines': 5,
    ...{ 'scrape_errors_total reason SCRAPE_HTTP_404': 1 },
    ...{ 'scrape_errors_total reason SCRAPE_TIMEOUT': 2 },
    ...{ wal_bytes: 300, head_series: 5, head_samples: 6, blocks: 7, storage_bytes: 800 },
    ...{ sync_pending_blocks: 4, sync_pending_bytes: 40, sync_lag_seconds: 1.5, sync_failing: 0 },
    ...{ sync_last_success_timestamp_seconds: 1_700_000_000 },
    ...{ lease_holding: 0, lease_epoch: 12, cluster_events_total: 10 },
    'cluster_events_unserved_total reason unknown_version': 1,
    'cluster_events_unserved_total reason unknown_kind': 2,
    'cluster_events_unserved_total reason unreadable': 3,
    'cluster_events_unserved_total reason too_large': 4,
    'cluster_events_unserved_total reason strayed': 5,
    'cluster_events_unserved_total reason refused': 6,
  });
  expect(JSON.stringify([...families])).toContain('counter');
});

test('has a page that says of each family what it means, and of no other', () => {
  const page = readFileSync(new URL('../../docs/self-metrics.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (`[^|]+) \| (\w+) \|/gm)];
  const told = rows.flatMap(([, names = '', type = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => `${name} ${type}`),
  );
  const text = renderSelfMetrics(whole);
  const served = [...text.matchAll(/^# TYPE mattermost_plugin_metrics_(\w+ \w+)$/gm)];
  expect(served.length).toBeGreaterThan(20);
  expect(told.sort()).toEqual(served.map(([, family]) => family).sort());
});

test('leaves out what it does not know, and what does not exist', () => {
  const nothing = { longestSliceMs: undefined, privateBytes: undefined, parts: undefined };
  expect(read(renderSelfMetrics({ pluginVersion: '1', ...nothing })).values).toEqual({
    'build_info version 1': 1,
    ready: 0,
  });
  const { parts } = whole;
  if (parts === undefined) throw new Error('no parts');
  const sync = { ...parts.sync, lagMs: null, pendingBytes: null, lastSuccessMs: null };
  const single = { ...whole, parts: { ...parts, sync, cluster: undefined } };
  const { values } = read(renderSelfMetrics(single));
  expect(values).toMatchObject({ sync_lag_seconds: 0 });
  const names = Object.keys(values).join();
  expect(names).not.toMatch(/lease|cluster|sync_pending_bytes|last_success/);
});

test('finds out its own memory', async () => {
  expect(await privateMemoryBytes()).toBeGreaterThan(10_000_000);
});

testNeeding({ programs: ['promtool'] })('satisfies promtool', () => {
  const output = execFileSync('promtool', ['check', 'metrics'], {
    input: renderSelfMetrics(whole),
    encoding: 'utf8',
  });
  expect(output).toBe('');
});

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

test('is served to GET and HEAD alone, and fails without a word about why', async () => {
  let sources = () => Promise.resolve(whole);
  server = createServer(
    metricsListener(
      () => sources(),
      () => silentLogger,
    ),
  );
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((listening.address() as AddressInfo).port)}/metrics`;
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, contentType]);
  expect(await answer.text()).toBe(renderSelfMetrics(whole));
  const post = await fetch(url, { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  sources = () => Promise.reject(new Error('secret'));
  const failed = await fetch(url);
  expect([failed.status, await failed.text()]).toEqual([500, '']);
});
