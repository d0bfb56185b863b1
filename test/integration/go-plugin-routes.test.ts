// Goal: a script that was written for the Go plugin works. Method: its routes, over the composed plugin.
import { expect, test } from '@jest/globals';
import { collectingRun } from './collecting-run-fixture.ts';
import { eventually } from './plugin-fixture.ts';

interface GoStats {
  min_t: number;
  max_t: number;
  num_samples: number;
  num_series: number;
}

interface GoJob {
  id: string;
  status: string;
  create_at: number;
  min_t: number;
  max_t: number;
  dump_location: string;
}

const current = collectingRun();

/** Below the plugin's address, where the Go plugin had its routes. */
const ask = (path: string, init?: RequestInit) => current().request(`../../${path}`, init);

async function answer<Answer>(path: string, init?: RequestInit): Promise<Answer> {
  const response = await ask(path, init);
  const text = await response.text();
  expect([path, response.status, text.slice(0, 200)]).toEqual([path, 200, expect.anything()]);
  return JSON.parse(text) as Answer;
}

test('tells what is stored, makes, lists, sends and deletes jobs as the Go plugin does', async () => {
  const stats = await answer<GoStats>('tsdb/stats');
  expect(Object.keys(stats)).toEqual(['min_t', 'max_t', 'num_samples', 'num_series']);
  expect(stats.min_t).toBeGreaterThan(0);
  expect(stats.max_t).toBeGreaterThanOrEqual(stats.min_t);
  expect(stats.num_series).toBeGreaterThan(100);
  expect(stats.num_samples).toBeGreaterThanOrEqual(stats.num_series);

  const range = { min_t: stats.min_t, max_t: stats.max_t + 1 };
  const created = await answer<GoJob>('jobs/create', {
    method: 'POST',
    body: JSON.stringify(range),
  });
  expect(Object.keys(created)).toEqual([
    ...['id', 'status', 'create_at', 'min_t', 'max_t', 'dump_location'],
  ]);
  const job = await eventually('the job', async () => {
    const [first] = await answer<GoJob[]>('jobs');
    return first?.status === 'pending' || first?.status === 'in_progress' ? undefined : first;
  });
  expect(job).toMatchObject({ id: created.id, status: 'success', min_t: stats.min_t });
  const archive = await ask(`jobs/download/${job.id}`);
  expect([archive.status, archive.headers.get('content-type')]).toEqual([200, 'application/gzip']);
  expect((await archive.arrayBuffer()).byteLength).toBeGreaterThan(1000);

  const deleted = await ask(`jobs/delete/${job.id}`, { method: 'DELETE' });
  expect([deleted.status, await deleted.text()]).toEqual([200, '']);
  const cleared = await ask('jobs/deleteAll', { method: 'DELETE' });
  expect([cleared.status, await cleared.text()]).toEqual([200, '']);
  expect(await answer<GoJob[]>('jobs')).toEqual([]);
});
