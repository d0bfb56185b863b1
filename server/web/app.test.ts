import { describe, expect, test } from '@jest/globals';
import type { SyncOutcome } from '../../api/index.ts';
import { id, reading, refuses, writing, synced, webBed } from './web-fixture.ts';

const bed = webBed();

const routes: [method: string, path: string][] = [
  ['GET', '/api/v1/status'],
  ['GET', '/api/v1/targets'],
  ['GET', '/api/v1/cardinality'],
  ['GET', '/api/v1/dumps'],
  ['POST', '/api/v1/dumps'],
  ['GET', '/api/v1/dumps/estimate?from=1&to=2'],
  ['POST', '/api/v1/dumps/preview'],
  ['GET', `/api/v1/dumps/${id}`],
  ['DELETE', `/api/v1/dumps/${id}`],
  ['POST', `/api/v1/dumps/${id}/cancel`],
  ['GET', `/api/v1/dumps/${id}/archive`],
  ['GET', `/api/v1/dumps/${id}/aliases`],
  ['POST', '/api/v1/sync'],
  ['GET', '/tsdb/stats'],
  ['GET', '/jobs'],
  ['POST', '/jobs/create'],
  ['DELETE', `/jobs/delete/${id}`],
  ['DELETE', '/jobs/deleteAll'],
  ['GET', `/jobs/download/${id}`],
  ['GET', '/nothing'],
  ['POST', '/nothing'],
  ['GET', '/'],
];

/** What somebody may do who may only look. */
const harmless = [
  '/api/v1/status',
  '/api/v1/targets',
  '/api/v1/cardinality',
  '/api/v1/dumps',
  '/api/v1/dumps/estimate?from=1&to=2',
  '/api/v1/dumps/choices?from=1&to=2',
  `/api/v1/dumps/${id}`,
  '/tsdb/stats',
  '/jobs',
  '/nothing',
  '/',
];

describe('who may', () => {
  test.each(routes)('refuses %s %s without a user and without a right', async (method, path) => {
    await refuses(bed().request(path, { method }, ''), 401, 'NOT_SIGNED_IN');
    await refuses(bed().request(path, { method }, 'somebody'), 403, 'NOT_PERMITTED');
    const asked = ['manage_system', writing, reading].map((name) => `somebody:${name}`);
    expect([bed().rights, bed().dumps.created, bed().dumps.deleted]).toEqual([asked, [], []]);
  });

  test.each(routes)('lets a reader do %s %s only if it changes nothing', async (method, path) => {
    const { status } = await bed().request(path, { method }, 'reader');
    const isHarmless = method === 'GET' && harmless.includes(path);
    expect(status === 403).toBe(!isHarmless);
    expect([bed().dumps.created, bed().dumps.deleted, bed().dumps.opened]).toEqual([[], [], 0]);
  });

  test('lets a writer do everything but see what aliases stand for', async () => {
    for (const [method, path] of routes) {
      const { status } = await bed().request(path, { method }, 'writer');
      expect([path, status === 403]).toEqual([path, path.endsWith('/aliases')]);
    }
  });

  test('does not let a reader fetch an archive by HEAD, another case or a longer path', async () => {
    for (const path of [`/api/v1/dumps/${id}/archive`, `/api/v1/dumps/${id}/ARCHIVE/`]) {
      const answer = await bed().request(path, { method: 'HEAD' }, 'reader');
      expect([answer.status, bed().dumps.opened]).toEqual([403, 0]);
    }
  });

  test('tells everybody what they can', async () => {
    for (const [user, can] of [
      ['admin', { read: true, write: true, manage: true }],
      ['writer', { read: true, write: true, manage: false }],
      ['reader', { read: true, write: false, manage: false }],
    ] as const) {
      expect(await (await bed().request('/api/v1/status', {}, user)).json()).toMatchObject({ can });
    }
  });

  test('notes who reads with a delegated permission, and who asks without any', async () => {
    for (const user of ['admin', 'reader', 'somebody', 'writer']) {
      await bed().request('/api/v1/status', {}, user);
    }
    const headers = { 'Mattermost-Plugin-ID': 'com.example.other' };
    await bed().request('/api/v1/status', { headers }, 'reader');
    expect(bed().readers).toEqual(['reader', 'not somebody', 'writer']);
  });

  test('refuses another plugin, whoever it claims to act for', async () => {
    const headers = { 'Mattermost-Plugin-ID': 'com.example.other' };
    await refuses(bed().request('/api/v1/status', { headers }), 403, 'NOT_PERMITTED');
  });

  test('answers 404 to an administrator at an unknown address', async () => {
    await refuses(bed().request('/nothing'), 404, 'NOT_FOUND');
  });
});

describe('sync', () => {
  const post = () => bed().request('/api/v1/sync', { method: 'POST' });

  test('answers when everything is in the file store, and when it takes longer', async () => {
    const done = await post();
    expect([done.status, await done.json()]).toEqual([
      200,
      { ...bed().outcome, node: 'a, for admin' },
    ]);
    bed().outcome = { ...bed().outcome, isFinished: false };
    const slow = await post();
    expect([slow.status, ((await slow.json()) as SyncOutcome).isFinished]).toEqual([202, false]);
  });

  test('tells why it failed', async () => {
    const lastError = { code: 'STORE_DENIED', message: 'The keys are wrong.', detail: '' };
    bed().outcome = { ...bed().outcome, sync: { ...synced, lastError } };
    await refuses(post(), 502, 'STORE_DENIED');
  });
});

describe('cardinality', () => {
  test('is told by a node that collects', async () => {
    bed().cardinality = {
      ...{ series: 2, maxSeries: 500_000, metrics: [{ name: 'up', series: 2 }] },
      ...{ labels: [], targets: [] },
    };
    expect(await (await bed().request('/api/v1/cardinality')).json()).toEqual(bed().cardinality);
    bed().cardinality = undefined;
    await refuses(bed().request('/api/v1/cardinality'), 503, 'NOT_COLLECTING');
  });
});
