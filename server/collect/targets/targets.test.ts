import { describe, expect, test } from '@jest/globals';
import { pluginId } from '../../plugin-id.ts';
import { parseSettings } from '../../settings/index.ts';
import type { ClusterNode } from '../discovery/discovery-rows.ts';
import { maxPluginTargets } from '../limits.ts';
import { targetKey, targetUrl } from '../target.ts';
import { noMediaService, type MediaService } from './targets-media.ts';
import { deploymentTargets, type Deployment, type DeploymentConfig } from './targets.ts';

const calls = 'com.mattermost.calls';

function node(host: string, change: Partial<ClusterNode> = {}): ClusterNode {
  return {
    id: host,
    host,
    createdAtMs: 0,
    lastPingMs: 0,
    isStale: false,
    isSelf: false,
    ...change,
  };
}

interface Given {
  listenAddress?: string;
  isEnabled?: boolean;
  hostName?: string;
  nodes?: ClusterNode[] | 'unknown';
  plugins?: Partial<DeploymentConfig['plugins']>;
  media?: Partial<MediaService>;
  raw?: Record<string, unknown>;
}

function targetsOf(given: Given = {}) {
  const { listenAddress = ':8067', isEnabled = true, hostName = 'mm1', nodes, raw = {} } = given;
  const deployment: Deployment = {
    server: {
      metrics: { enable: isEnabled, listenAddress },
      cluster: { enable: nodes !== undefined },
      plugins: { enabled: [], areMetricsAggregated: false, ...given.plugins },
    },
    settings: parseSettings(raw).settings,
    hostName,
    nodes: nodes === 'unknown' ? undefined : nodes,
    media: { ...noMediaService, ...given.media },
  };
  const { targets, problems } = deploymentTargets(deployment);
  const keys = targets.map(targetKey);
  expect(new Set(keys).size).toBe(keys.length);
  return { targets, keys, problems, codes: problems.map(({ code }) => code) };
}

const withoutExporter = { EnableNodeExporterTargets: false };

describe('a single server', () => {
  test('is a target beside its node exporter, named by the host', () => {
    const { targets, codes } = targetsOf();
    expect(codes).toEqual([]);
    expect(targets.map(targetUrl)).toEqual([
      'http://127.0.0.1:8067/metrics',
      'http://127.0.0.1:9100/metrics',
    ]);
    expect(targets).toMatchObject([
      { job: 'prometheus', instance: 'mm1:8067', isOptional: false },
      { job: 'node', instance: 'mm1:9100', isOptional: true },
    ]);
    expect(targets.some((target) => 'node' in target)).toBe(false);
    expect(targetsOf({ listenAddress: '[fd00::5]:8067' }).targets.map(targetUrl)).toEqual([
      'http://[fd00::5]:8067/metrics',
      'http://[fd00::5]:9100/metrics',
    ]);
    expect(targetsOf({ raw: withoutExporter }).keys).toEqual(['prometheus mm1:8067']);
  });

  test('is never called localhost', () => {
    for (const hostName of ['localhost', 'localhost.localdomain', ' ', '']) {
      expect(targetsOf({ hostName }).targets[0]?.instance).toBe('mattermost:8067');
    }
  });

  test('that cannot be scraped stays, with the reason and a way out', () => {
    const disabled = targetsOf({ isEnabled: false, plugins: { enabled: [calls] } });
    expect(disabled.targets[0]?.blocked?.code).toBe('METRICS_DISABLED');
    expect(disabled.keys).toEqual(['prometheus mm1:8067', 'node mm1:9100']);
    expect(disabled.problems).toMatchObject([
      {
        code: 'METRICS_DISABLED',
        severity: 'error',
        link: '/admin_console/environment/performance_monitoring',
      },
    ]);
    const garbage = targetsOf({ listenAddress: 'nonsense' });
    expect(garbage.targets[0]).toMatchObject({
      instance: 'mm1:8067',
      blocked: { code: 'METRICS_ADDRESS' },
    });
    expect(garbage.codes).toEqual(['METRICS_ADDRESS']);
  });

  test('may listen on the loopback interface', () => {
    expect(targetsOf({ listenAddress: '127.0.0.1:8067' }).codes).toEqual([]);
  });
});

describe('a cluster', () => {
  test('has a server and a node exporter on every node, called as the nodes call themselves', () => {
    const nodes = [node('mm1', { isSelf: true }), node('10.0.0.2'), node('fd00::5')];
    const { targets, keys, codes } = targetsOf({ nodes });
    expect(codes).toEqual([]);
    expect(keys).toEqual([
      ...['prometheus mm1:8067', 'node mm1:9100'],
      ...['prometheus 10.0.0.2:8067', 'node 10.0.0.2:9100'],
      ...['prometheus [fd00::5]:8067', 'node [fd00::5]:9100'],
    ]);
    expect(targets.map(targetUrl).filter((_, at) => at % 2 === 0)).toEqual([
      'http://mm1:8067/metrics',
      'http://10.0.0.2:8067/metrics',
      'http://[fd00::5]:8067/metrics',
    ]);
    expect(targets.map((target) => target.node)).toEqual([
      'mm1',
      'mm1',
      '10.0.0.2',
      '10.0.0.2',
      'fd00::5',
      'fd00::5',
    ]);
  });

  test('has no targets while its nodes are not known, and this machine when there are none', () => {
    expect(targetsOf({ nodes: 'unknown' })).toMatchObject({ targets: [], problems: [] });
    expect(targetsOf({ nodes: [] }).keys).toEqual(['prometheus mm1:8067', 'node mm1:9100']);
  });

  test('reaches its own server where that listens alone, and says when others cannot', () => {
    const nodes = [node('mm1', { isSelf: true }), node('mm2')];
    const own = targetsOf({ nodes, listenAddress: '10.0.0.1:8067' });
    expect(own.targets[0]).toMatchObject({ instance: 'mm1:8067', host: '10.0.0.1' });
    expect(own.targets[2]).toMatchObject({ instance: 'mm2:8067', host: 'mm2' });
    expect(own.codes).toEqual([]);
    for (const listenAddress of ['localhost:8067', '127.0.0.1:8067', '[::1]:8067']) {
      const loopback = targetsOf({ nodes, listenAddress });
      expect(loopback.codes).toEqual(['METRICS_LOOPBACK']);
      expect(loopback.targets[0]?.instance).toBe('mm1:8067');
    }
  });

  test('names nodes that may be gone', () => {
    const { keys, problems } = targetsOf({ nodes: [node('mm1'), node('mm2', { isStale: true })] });
    expect(keys).toContain('prometheus mm2:8067');
    expect(problems).toMatchObject([
      { code: 'NODE_STALE', message: expect.stringContaining('mm2') as unknown },
    ]);
  });
});

test('nodes that may be gone are one problem, however many', () => {
  const nodes = Array.from({ length: 200 }, (_, i) => node(`mm${String(i)}`, { isStale: i > 0 }));
  const { keys, problems } = targetsOf({ nodes, raw: withoutExporter });
  expect(keys).toHaveLength(200);
  expect(problems.map(({ code, message }) => [code, message])).toEqual([
    [
      'NODE_STALE',
      'For more than four minutes there has been no sign of life from 199 nodes: mm1, mm2, mm3 and 196 more. Each is asked for its metrics until it has been silent for half an hour.',
    ],
  ]);
});

describe('plugins', () => {
  test('are asked on every node, Calls under the job that dashboards know', () => {
    const { targets, keys } = targetsOf({
      nodes: [node('mm1'), node('mm2')],
      plugins: { enabled: ['com.example.b', calls, 'com.example.a', calls] },
      raw: withoutExporter,
    });
    expect(keys).toEqual([
      ...['prometheus mm1:8067', 'prometheus mm2:8067', 'calls mm1:8067'],
      ...['com.example.a mm1:8067', 'com.example.b mm1:8067'],
      ...['calls mm2:8067', 'com.example.a mm2:8067', 'com.example.b mm2:8067'],
    ]);
    expect(targets[2]).toMatchObject({
      path: '/plugins/com.mattermost.calls/metrics',
      isOptional: true,
      mayBeMissing: true,
      node: 'mm1',
    });
    expect(targets[2]?.labels).toBeUndefined();
    expect(targets[3]?.labels).toEqual({ plugin_id: 'com.example.a' });
  });

  test('are this one, too, as any other: once on every node', () => {
    const { keys } = targetsOf({
      nodes: [node('mm1'), node('mm2')],
      plugins: { enabled: [pluginId] },
      raw: withoutExporter,
    });
    expect(keys).toEqual([
      ...['prometheus mm1:8067', 'prometheus mm2:8067'],
      ...[`${pluginId} mm1:8067`, `${pluginId} mm2:8067`],
    ]);
  });

  test('are not asked where the server adds up their metrics itself', () => {
    const plugins = { enabled: [calls, 'com.example.a'], areMetricsAggregated: true };
    expect(targetsOf({ plugins, raw: withoutExporter }).keys).toEqual(['prometheus mm1:8067']);
  });

  test('with ids that are none are left out, and too many are cut', () => {
    const enabled = ['../x', 'a b', '', 'x'.repeat(191)];
    expect(targetsOf({ plugins: { enabled }, raw: withoutExporter }).targets).toHaveLength(1);
    const many = [...Array.from({ length: maxPluginTargets }, (_, at) => `a${String(at)}`), calls];
    const { keys, codes } = targetsOf({ plugins: { enabled: many }, raw: withoutExporter });
    expect(keys).toHaveLength(1 + maxPluginTargets);
    expect(keys).toContain('calls mm1:8067');
    expect(codes).toEqual(['PLUGINS_TOO_MANY']);
  });
});

test('the media service of Calls is asked at each of its addresses', () => {
  const media = { scheme: 'https', name: 'rtcd.example', port: 8045, path: '/metrics' } as const;
  const addresses = ['10.1.0.1', 'fd00::9'];
  const { targets, keys } = targetsOf({ media: { ...media, addresses } });
  expect(keys.slice(2)).toEqual([
    ...['calls 10.1.0.1:8045', 'node 10.1.0.1:9100'],
    ...['calls [fd00::9]:8045', 'node [fd00::9]:9100'],
  ]);
  expect(targetUrl(targets[4]!)).toBe('https://[fd00::9]:8045/metrics');
  expect(targets[2]).toMatchObject({ serverName: 'rtcd.example', isOptional: false });
  // Beside a node it shares the node's exporter.
  const shared = targetsOf({ nodes: [node('10.1.0.1')], media: { ...media, addresses } });
  expect(shared.keys.filter((key) => key.startsWith('node'))).toHaveLength(2);
  expect(shared.codes).toEqual([]);
});

describe('custom targets', () => {
  test('come with what they want to see', () => {
    const { targets, codes } = targetsOf({
      raw: {
        CustomTargets: 'https://db1:9187/m job=postgres interval=30 timeout=5 secret=db label.a=b',
        CustomTargetSecrets: 'db bearer token',
      },
    });
    expect(codes).toEqual([]);
    expect(targets.at(-1)).toEqual({
      ...{ job: 'postgres', instance: 'db1:9187', scheme: 'https', host: 'db1', port: 9187 },
      ...{ path: '/m', labels: { a: 'b' }, intervalMs: 30_000, timeoutMs: 5000 },
      ...{ access: { authorization: 'Bearer token' }, isOptional: false, isForeign: true },
    });
  });

  test('without what they name are not asked', () => {
    const lines = 'https://db1/ secret=db\nhttps://db2/ ca=own';
    const { targets, problems } = targetsOf({ raw: { CustomTargets: lines } });
    expect(targets.slice(-2)).toMatchObject([
      { blocked: { code: 'TARGET_ACCESS' } },
      { blocked: { code: 'TARGET_ACCESS' } },
    ]);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('(line 1) is not collected: CustomTargetSecrets has no secret'),
      expect.stringContaining('(line 2) is not collected: CustomTargetCertificates has no'),
    ]);
  });

  test('that all name one secret that is missing are one problem', () => {
    const lines = Array.from({ length: 100 }, (_, i) => `https://db${String(i)}/ secret=db`);
    lines[50] = 'https://db50/ secret=other';
    const { targets, problems } = targetsOf({ raw: { CustomTargets: lines.join('\n') } });
    expect(targets.filter(({ blocked }) => blocked?.code === 'TARGET_ACCESS')).toHaveLength(100);
    expect(problems.map(({ message }) => message)).toEqual([
      '99 custom targets are not collected: db0:443 (line 1), db1:443 (line 2), db2:443 (line 3) and 96 more. The same reason for each: CustomTargetSecrets has no secret with the name db.',
      'The custom target db50:443 (line 51) is not collected: CustomTargetSecrets has no secret with the name other.',
    ]);
  });

  test('are shown without their query', () => {
    const { targets } = targetsOf({ raw: { CustomTargets: 'http://db1/m?token=hunter2' } });
    expect(targets.at(-1)?.path).toBe('/m?token=hunter2');
    expect(targetUrl(targets.at(-1)!)).toBe('http://db1:80/m?…');
  });

  test('never take the place of another target', () => {
    const raw = { CustomTargets: 'http://evil/ job=prometheus instance=mm1:8067' };
    const { targets, codes } = targetsOf({ raw });
    expect(codes).toEqual(['TARGET_DUPLICATE']);
    expect(targets[0]?.host).toBe('127.0.0.1');
  });
});
