import { expect, test } from '@jest/globals';
import { refuses, webBed } from './web-fixture.ts';

const bed = webBed();

const save = (body: unknown, user: string, headers: Record<string, string> = {}) =>
  bed().request(
    '/api/v1/settings/saved',
    { method: 'POST', body: JSON.stringify(body), headers },
    user,
  );

test('takes it from those who may save settings, whether they may see metrics or not', async () => {
  for (const user of ['saver', 'admin']) {
    const answer = await save({ keys: ['dbpath'] }, user, { 'User-Agent': 'probe' });
    expect(answer.status).toBe(204);
  }
  expect(bed().saves).toMatchObject([
    { actor: { userId: 'saver', client: 'probe', ipAddress: '127.0.0.1' }, keys: ['dbpath'] },
    { actor: { userId: 'admin' } },
  ]);
});

test('takes it from nobody else', async () => {
  await refuses(save({ keys: ['dbpath'] }, ''), 401, 'NOT_SIGNED_IN');
  for (const user of ['writer', 'reader', 'somebody']) {
    await refuses(save({ keys: ['dbpath'] }, user), 403, 'NOT_PERMITTED');
  }
  const plugin = { 'Mattermost-Plugin-Id': 'other' };
  await refuses(save({ keys: ['dbpath'] }, 'admin', plugin), 403, 'NOT_PERMITTED');
  await refuses(bed().request('/api/v1/settings/saved'), 404, 'NOT_FOUND');
  expect(bed().saves).toEqual([]);
});

test('takes names of settings alone, few and short', async () => {
  const many = Array.from({ length: 101 }, (_, at) => `k${String(at)}`);
  for (const keys of [undefined, [], 'dbpath', [1], ['a b'], ['x'.repeat(101)], many]) {
    await refuses(save({ keys }, 'admin'), 400, 'SETTINGS_KEYS_INVALID');
  }
  await refuses(save(null, 'admin'), 400, 'BODY_NOT_JSON');
  await refuses(save('x'.repeat(70_000), 'admin'), 413, 'BODY_TOO_LARGE');
  expect((await save({ keys: many.slice(1) }, 'admin')).status).toBe(204);
  expect(bed().saves).toHaveLength(1);
});

test('lets one user announce as often as somebody saves by hand', async () => {
  for (let at = 0; at < 20; at++) await save({ keys: ['dbpath'] }, 'saver');
  await refuses(save({ keys: ['dbpath'] }, 'saver'), 429, 'SETTINGS_TOO_MANY');
  expect((await save({ keys: ['dbpath'] }, 'admin')).status).toBe(204);
  await bed().clock.advance(60_000);
  expect((await save({ keys: ['dbpath'] }, 'saver')).status).toBe(204);
});
