import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from '@jest/globals';
import { FakeClock, silentLogger } from '../../../lib/runtime/index.ts';
import { parseSettings } from '../../settings/index.ts';
import {
  discoveryPollMs,
  maxMediaAddresses,
  maxNodeAgeMs,
  mediaLookupMs,
  mediaTimeoutMs,
} from '../limits.ts';
import { targetKey } from '../target.ts';
import { parseMediaUrl } from './targets-media.ts';
import { DeploymentSource, type SourceConfig } from './targets-source.ts';

const calls = 'com.mattermost.calls';
const settings = parseSettings({ EnableNodeExporterTargets: false }).settings;

/** A source whose rows, names and configuration tests set. */
function setUp(change: Partial<SourceConfig> = {}, environment: Record<string, string> = {}) {
  const clock = new FakeClock();
  const names = new Map<string, string[] | Promise<never>>();
  const bed = { rows: [] as [string, string][], queries: 0, lookups: 0, changes: 0 };
  const server: SourceConfig = {
    metrics: { enable: true, listenAddress: ':8067' },
    cluster: { enable: false, clusterName: 'main', overrideHostname: '' },
    sql: { driverName: 'postgres' },
    plugins: { enabled: [], areMetricsAggregated: false, rtcdUrl: '' },
    ...change,
  };
  const source = new DeploymentSource({
    ...{ clock, logger: silentLogger, environment, hostName: 'mm1', clusterId: '' },
    database: {
      query: () => {
        bed.queries++;
        const now = clock.nowMs();
        return Promise.resolve({ rows: bed.rows.map(([id, host]) => [id, host, now, now]) });
      },
    },
    configuration: () => ({ server, settings }),
    resolveName: async (host): Promise<LookupAddress[]> => {
      bed.lookups++;
      const found = await names.get(host);
      if (found === undefined) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
      return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
  });
  return {
    ...{ bed, clock, names, server, source },
    start: () => {
      source.start(() => bed.changes++);
      return clock.advance(0);
    },
    keys: () => source.current().targets.map(targetKey),
    codes: () => source.current().problems.map(({ code }) => code),
  };
}

test('a single server needs no query', async () => {
  const { bed, clock, source, start, keys } = setUp();
  await start();
  await clock.advance(10 * discoveryPollMs);
  expect(keys()).toEqual(['prometheus mm1:8067']);
  expect([bed.queries, bed.changes]).toEqual([0, 0]);
  await source.stop();
  expect(clock.pendingTimers).toBe(0);
});

test('a node that joins a cluster is told within 15 s, one that leaves, too', async () => {
  const cluster = { enable: true, clusterName: 'main', overrideHostname: '' };
  const { bed, clock, source, start, keys, codes } = setUp({ cluster });
  bed.rows = [
    ['a', 'mm1'],
    ['b', 'mm2'],
  ];
  expect(keys()).toEqual([]);
  await start();
  expect([bed.changes, keys()]).toEqual([1, ['prometheus mm1:8067', 'prometheus mm2:8067']]);
  bed.rows = [
    ['a', 'mm1'],
    ['c', 'mm3'],
  ];
  await clock.advance(discoveryPollMs);
  expect([bed.changes, keys()]).toEqual([2, ['prometheus mm1:8067', 'prometheus mm3:8067']]);
  bed.rows = [];
  await clock.advance(maxNodeAgeMs + discoveryPollMs);
  expect([keys(), codes()]).toEqual([['prometheus mm1:8067'], ['DISCOVERY_EMPTY']]);
  await source.stop();
  expect(clock.pendingTimers).toBe(0);
});

test('another cluster is looked for at once', async () => {
  const cluster = { enable: true, clusterName: 'main', overrideHostname: '' };
  const { bed, clock, server, source, start, keys } = setUp({ cluster });
  bed.rows = [['a', 'mm1']];
  await start();
  bed.rows = [['b', 'mm2']];
  server.cluster = { ...cluster, clusterName: 'other' };
  source.current();
  await clock.advance(0);
  expect([bed.queries, keys()]).toEqual([2, ['prometheus mm2:8067']]);
  await source.stop();
});

describe('the media service', () => {
  const plugins = { enabled: [calls], areMetricsAggregated: true, rtcdUrl: 'http://rtcd:8045' };

  test('is looked up at once and every minute, and kept while that fails', async () => {
    const { bed, clock, names, source, start, keys, codes } = setUp({ plugins });
    names.set('rtcd', ['fd00::9', '10.1.0.2', '10.1.0.1', '169.254.169.254', '::ffff:10.1.0.1']);
    await start();
    const first = ['calls 10.1.0.1:8045', 'calls 10.1.0.2:8045', 'calls [fd00::9]:8045'];
    expect([bed.changes, keys().slice(1)]).toEqual([1, first]);
    names.delete('rtcd');
    await clock.advance(mediaLookupMs);
    expect([keys().slice(1), codes()]).toEqual([first, ['RTCD_DNS']]);
    names.set('rtcd', ['10.1.0.3']);
    await clock.advance(mediaLookupMs);
    expect([bed.changes, keys().slice(1), codes()]).toEqual([3, ['calls 10.1.0.3:8045'], []]);
    await clock.advance(mediaLookupMs);
    expect([bed.changes, bed.lookups]).toEqual([3, 4]);
    await source.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test('does not pile up look-ups of a name service that hangs', async () => {
    const { bed, clock, names, source, start, codes } = setUp({ plugins });
    names.set('rtcd', new Promise(() => undefined));
    await start();
    await clock.advance(mediaTimeoutMs);
    expect(codes()).toEqual(['RTCD_DNS']);
    await clock.advance(10 * mediaLookupMs);
    expect(bed.lookups).toBe(1);
    await source.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test('follows its setting, and the environment before that', async () => {
    const { names, clock, server, source, start, keys, codes } = setUp({ plugins });
    names.set('rtcd', ['10.1.0.1']);
    names.set('other', ['10.1.0.2']);
    await start();
    server.plugins = { ...plugins, rtcdUrl: 'https://other' };
    expect(keys()).toHaveLength(1);
    await clock.advance(0);
    expect(keys()[1]).toBe('calls 10.1.0.2:443');
    server.plugins = { ...plugins, rtcdUrl: 'http://[fd00::7]:1' };
    expect(keys()[1]).toBe('calls [fd00::7]:1');
    server.plugins = { ...plugins, rtcdUrl: 'ftp://x' };
    expect([keys().length, codes()]).toEqual([1, ['RTCD_URL']]);
    server.plugins = { ...plugins, rtcdUrl: 'http://169.254.169.254' };
    expect([keys().length, codes()]).toEqual([1, ['RTCD_URL']]);
    server.plugins = { ...plugins, enabled: [] };
    expect([keys().length, codes()]).toEqual([1, []]);
    await source.stop();
    const environment = { MM_CALLS_RTCD_SERVICE_URL: 'http://10.5.0.1:8045' };
    const other = setUp({ plugins }, environment);
    expect(other.keys()[1]).toBe('calls 10.5.0.1:8045');
  });

  test('has a bounded number of machines', async () => {
    const { names, source, start, keys, codes } = setUp({ plugins });
    names.set(
      'rtcd',
      Array.from({ length: maxMediaAddresses + 1 }, (_, at) => `10.1.1.${String(at)}`),
    );
    await start();
    expect([keys().length, codes()]).toEqual([1 + maxMediaAddresses, ['RTCD_TOO_MANY']]);
    await source.stop();
  });

  test.each([
    ['http://rtcd:8045', 'http', 'rtcd', 8045, '/metrics'],
    ['https://rtcd.example', 'https', 'rtcd.example', 443, '/metrics'],
    ['http://rtcd', 'http', 'rtcd', 80, '/metrics'],
    ['rtcd:9000', 'http', 'rtcd', 9000, '/metrics'],
    ['rtcd', 'http', 'rtcd', 8045, '/metrics'],
    ['[fd00::5]:1', 'http', 'fd00::5', 1, '/metrics'],
    ['10.0.0.1', 'http', '10.0.0.1', 8045, '/metrics'],
    ['https://id:key@RTCD.example/a/', 'https', 'rtcd.example', 443, '/a/metrics'],
  ])('is read from %s', (text, scheme, name, port, path) => {
    expect(parseMediaUrl(text)).toEqual({ kind: 'url', scheme, name, port, path });
  });

  test.each(['ws://rtcd', 'http://', 'http://a b', 'http://rtcd:0', 'http://rtcd:99999', '://'])(
    'is not read from %s',
    (text) => {
      expect(parseMediaUrl(text).kind).toBe('problem');
    },
  );
});
