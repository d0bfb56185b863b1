// Goal: an upgrade from the Go plugin 0.7.0 is a non-event. Method: a data directory that its storage
// engine wrote, a file store and keys as it leaves them, all at once under the composed plugin.
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Dump, type DumpList } from '../../api/index.ts';
import { openBlock } from '../../lib/tsdb/index.ts';
import { modelOf } from '../../lib/tsdb/model-fixture.ts';
import { startExporter, type Exporter } from '../host/exporter.ts';
import { eventually, PluginRun } from './plugin-fixture.ts';

const archive = fileURLToPath(new URL('../vectors/go-plugin/data.tar.gz', import.meta.url));
/** What make.go of the fixture appended: one series has a staleness marker and then a gap. */
const oldSamples = 24 * 270 - 19;
const oldSeries = 24;
const ulid = '01M7WGTSY2J59NEMKD2VNKS4QX';
/** Copies of it in the file store: one without the end of its upload, one with a description that was cut. */
const [halfUlid, cutUlid] = ['01M7WGTSY2J59NEMKD2VNKS4QY', '01M7WGTSY2J59NEMKD2VNKS4QZ'];
const jobsKey = 'mattermost-plugin-metrics_finished_jobs';
const [ready, failed, waiting] = ['ready', 'faild', 'waits'].map((name) => name.padEnd(26, '0'));

let root: string;
let exporter: Exporter;
let run: PluginRun;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'go-plugin-'));
  exporter = await startExporter({ profile: 'idle' });
  const settings = { retentiondurationdays: 3650, dbpath: 'mattermost-plugin-metrics/data' };
  run = await PluginRun.create({ port: exporter.port, root, settings });
});

afterEach(async () => {
  await run.close();
  await exporter.close();
  await rm(root, { recursive: true });
});

function setKey(key: string, value: unknown): void {
  run.kv.set(key, new TextEncoder().encode(JSON.stringify(value)));
}

/** As the Go plugin left it: killed or closed, with jobs in all states and an upload that broke off. */
async function leaveBehind(how: 'closed' | 'killed'): Promise<void> {
  await mkdir(run.dataDirectory, { recursive: true });
  execFileSync('tar', ['xzf', archive, '-C', run.dataDirectory, '--strip-components=1', how]);
  const remote = join(root, 'files/plugin-data/mattermost-plugin-metrics');
  const places = [ulid, halfUlid, cutUlid].map((name) => join(remote, 'data', name));
  for (const place of places) {
    await cp(join(run.dataDirectory, ulid), place, { recursive: true });
  }
  // It wrote them last, in this order.
  await rm(join(places[1]!, 'meta.json'));
  await rm(join(places[1]!, 'tombstones'));
  await writeFile(join(places[2]!, 'meta.json'), '{"ulid":"');
  await mkdir(join(remote, 'dump', ready!), { recursive: true });
  await writeFile(join(remote, 'dump', ready!, 'tsdb_dump.tar.gz'), 'an archive');
  const job = { create_at: 1795060000000, min_t: 1795046820000, max_t: 1795060000000 };
  const place = `plugin-data/mattermost-plugin-metrics/dump/${ready!}/tsdb_dump.tar.gz`;
  setKey(jobsKey, {
    [ready!]: { ...job, id: ready, status: 'success', dump_location: place },
    [failed!]: { ...job, id: failed, status: 'error', dump_location: '' },
  });
  setKey(`once_${waiting!}`, { Key: waiting, RunAt: '2026-11-19T05:00:00Z', Props: { ...job } });
  const locks = ['mutex_mattermost-plugin-metrics_job_lock', `mutex_${waiting!}`];
  for (const key of locks) run.kv.set(key, Uint8Array.of(1), { expireInSeconds: 15 });
}

/** Samples of the Go plugin's series in an unpacked dump. */
function oldSamplesIn(directory: string, ulids: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const each of ulids) {
    const reader = openBlock(join(directory, each));
    for (const [key, samples] of modelOf(reader)) {
      if (!key.includes('mattermost_example_')) continue;
      found.set(key, (found.get(key) ?? 0) + samples.size);
    }
    reader.close();
  }
  return found;
}

test.each(['closed', 'killed'] as const)(
  'takes over everything of a Go plugin that was %s, and says what it cannot use',
  async (how) => {
    await leaveBehind(how);
    await run.activate();
    await run.target('prometheus', ({ state }) => state === 'up');

    const { dumps } = await run.get<DumpList>('dumps');
    expect(dumps.map(({ id, sizeBytes, state }) => [id, state, sizeBytes])).toEqual([
      [ready, 'ready', 10],
    ]);
    expect((await run.archive(ready!)).toString()).toBe('an archive');
    const keys = run.kv.list(0, 100);
    expect(keys.filter((key) => /^once_|finished_jobs/.test(key))).toEqual([]);

    const { nowMs } = await run.status();
    const body = JSON.stringify({ from: 1795000000000, to: nowMs });
    const asked = (await (await run.request('dumps', { method: 'POST', body })).json()) as Dump;
    const dump = await eventually('the dump', async () => {
      const now = await run.get<Dump>(`dumps/${asked.id}`);
      return now.state === 'queued' || now.state === 'running' ? undefined : now;
    });
    expect(dump).toMatchObject({ state: 'ready', error: null });
    await writeFile(join(root, 'dump.tar.gz'), await run.archive(dump.id));
    await mkdir(join(root, 'dump'));
    execFileSync('tar', ['xzf', '../dump.tar.gz'], { cwd: join(root, 'dump') });
    const names = await readdir(join(root, 'dump'));
    const ulids = names.filter((name) => /^[0-9A-Z]{26}$/.test(name));
    const found = oldSamplesIn(join(root, 'dump'), ulids);
    expect(found.size).toBe(oldSeries);
    expect([...found.values()].reduce((sum, count) => sum + count, 0)).toBe(oldSamples);

    for (const name of [halfUlid, cutUlid]) {
      expect(dump.warnings.filter((text) => text.includes(name))).toHaveLength(1);
    }
    const { problems } = await run.status();
    expect(problems.map(({ code }) => code)).toContain('SYNC_DAMAGED_BLOCKS');
  },
);
