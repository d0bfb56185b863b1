import { describe, expect, test } from '@jest/globals';
import { dump, id, refuses, webBed } from './web-fixture.ts';

const bed = webBed();

describe('the routes of the Go plugin', () => {
  test('create, list, fetch and delete in its shapes', async () => {
    bed().dumps.dump = {
      ...dump,
      createdAtMs: 7,
      requested: { fromMs: 1, toMs: 2 },
      actual: { fromMs: 3, toMs: 4 },
      fileName: 'x.tar.gz',
    };
    const job = {
      ...{ id, status: 'success', create_at: 7, min_t: 3, max_t: 4 },
      dump_location: 'x.tar.gz',
    };
    const body = '{"min_t": 1000, "max_t": 2000}';
    const created = await bed().request('/jobs/create', { method: 'POST', body });
    expect([created.status, await created.json()]).toEqual([200, job]);
    expect(bed().dumps.created).toEqual([{ fromMs: 1000, toMs: 2000, userId: 'admin' }]);
    expect(await (await bed().request('/jobs')).json()).toEqual([job]);
    expect(await (await bed().request(`/jobs/download/${id}`)).text()).toBe('0123456789');
    expect((await bed().request(`/jobs/delete/${id}`, { method: 'DELETE' })).status).toBe(200);
    expect((await bed().request('/jobs/deleteAll', { method: 'DELETE' })).status).toBe(200);
    expect(bed().dumps.deleted).toEqual([id, id]);
    await refuses(
      bed().request('/jobs/create', { method: 'POST', body: '{}' }),
      400,
      'DUMP_RANGE_INVALID',
    );
    await refuses(bed().request('/jobs/download/..%2fx'), 400, 'DUMP_BAD_ID');
  });

  test.each([
    ['queued', 'pending'],
    ['running', 'in_progress'],
    ['ready', 'success'],
    ['failed', 'error'],
    ['cancelled', 'error'],
  ] as const)('tell a job that is %s as %s', async (state, status) => {
    bed().dumps.dump = { ...dump, state, requested: { fromMs: 1, toMs: 2 }, actual: null };
    const jobs = await (await bed().request('/jobs')).json();
    expect(jobs).toMatchObject([{ status, min_t: 1, max_t: 2 }]);
  });

  test('tell how much there is', async () => {
    const answer = await (await bed().request('/tsdb/stats')).json();
    expect(answer).toEqual({ min_t: 1, max_t: 9, num_samples: 2, num_series: 5 });
    // With the newest sample, which its range ends at.
    expect(bed().dumps.questions).toEqual([{ fromMs: 1, toMs: 10 }]);
  });
});
