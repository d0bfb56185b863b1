import { expect, test } from '@jest/globals';
import { targetUrl } from './target.ts';
import { singleServerTargets } from './targets.ts';

const settings = { enableNodeExporterTargets: true, nodeExporterPort: 9100 };

function targetsOf(enable: boolean, listenAddress: string, hostName = 'mm1') {
  return singleServerTargets({ metrics: { enable, listenAddress } }, settings, hostName);
}

test('makes targets of the server and its node exporter, named by the host', () => {
  const { targets, problems } = targetsOf(true, ':8067');
  expect(problems).toEqual([]);
  expect(targets.map(targetUrl)).toEqual([
    'http://127.0.0.1:8067/metrics',
    'http://127.0.0.1:9100/metrics',
  ]);
  expect(targets).toMatchObject([
    { job: 'prometheus', instance: 'mm1:8067', isOptional: false },
    { job: 'node', instance: 'mm1:9100', isOptional: true },
  ]);
  expect(targetsOf(true, '[fd00::5]:8067').targets.map(targetUrl)).toEqual([
    'http://[fd00::5]:8067/metrics',
    'http://[fd00::5]:9100/metrics',
  ]);
});

test('never calls an instance localhost', () => {
  for (const name of ['localhost', 'localhost.localdomain', ' ', '']) {
    expect(targetsOf(true, ':8067', name).targets[0]?.instance).toBe('mattermost:8067');
  }
});

test('leaves the node exporter out when its setting is off', () => {
  const { targets } = singleServerTargets(
    { metrics: { enable: true, listenAddress: ':8067' } },
    { ...settings, enableNodeExporterTargets: false },
    'mm1',
  );
  expect(targets).toHaveLength(1);
});

test('keeps a target that cannot be scraped, with the reason and a way out', () => {
  const disabled = targetsOf(false, ':8067');
  expect(disabled.targets[0]?.blocked?.code).toBe('METRICS_DISABLED');
  expect(disabled.problems).toMatchObject([
    {
      code: 'METRICS_DISABLED',
      severity: 'error',
      link: '/admin_console/environment/performance_monitoring',
    },
  ]);
  const garbage = targetsOf(true, 'nonsense');
  expect(garbage.targets[0]).toMatchObject({
    instance: 'mm1:8067',
    blocked: { code: 'METRICS_ADDRESS' },
  });
  expect(garbage.problems).toMatchObject([{ code: 'METRICS_ADDRESS' }]);
});
