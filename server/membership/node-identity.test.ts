import { expect, test } from '@jest/globals';
import { seededRng } from '../../lib/runtime/index.ts';
import type { PluginStatus } from '../mattermost/index.ts';
import { loadIdentity } from './node-identity.ts';
import { isPidAlive } from './pid.ts';

function identityOf(clusterId: string) {
  const getPluginStatus = () => Promise.resolve({ clusterId } as PluginStatus);
  return loadIdentity({ getPluginStatus }, 'id', seededRng(1));
}

test('is what the server tells', async () => {
  expect(await identityOf('abc')).toMatchObject({ id: 'abc', problems: [] });
});

test('is made up for one process when the server tells nothing, and says so', async () => {
  const { id, boot, problems } = await identityOf('');
  expect([id, problems.map(({ code }) => code)]).toEqual([`boot-${boot}`, ['CLUSTER_NO_ID']]);
  expect(boot).toMatch(/^[0-9a-f]{16}$/);
});

test('a process id is alive unless the kernel knows better', () => {
  expect([process.pid, 1, 0, -1].map(isPidAlive)).toEqual([true, true, true, true]);
  // Linux gives no process an id above this.
  expect(isPidAlive(4_194_305)).toBe(false);
});
