// Goal: the built executable is a polite guest: it keeps to its pipes and its places, survives being
// killed, ends with its host, and hides what it was told. Method: the bundle under the stand-in.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect } from '@jest/globals';
import type { Dump, DumpList, Status } from '../../api/index.ts';
import { emptyStruct } from '../../lib/gob/index.ts';
import { RpcClient } from '../../lib/netrpc/index.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { testNeeding } from '../programs.ts';
import { processEnds, startBundle, type BundleRun } from './bundle-fixture.ts';
import { eventually } from './plugin-fixture.ts';

const bundleTest = testNeeding({ files: [hostBundle] });
const timeoutMs = 20_000;

const runs: BundleRun[] = [];

afterEach(async () => {
  // The last first: it may live in a directory of the one before.
  for (const run of runs.splice(0).reverse()) {
    await run.stop();
    expect(run.host.violations).toEqual([]);
  }
});

async function start(options: Parameters<typeof startBundle>[0] = {}): Promise<BundleRun> {
  const run = await startBundle(options);
  runs.push(run);
  await collects(run);
  return run;
}

function collects(run: BundleRun, sinceMs = 0): Promise<Status> {
  return eventually('a sample', async () => {
    const status = await run.get<Status>('status');
    return (status.newestSampleMs ?? 0) > sinceMs ? status : undefined;
  });
}

const storeOf = (run: BundleRun) => join(run.host.directory, 'mattermost-plugin-metrics/data');

/** The directory of the plugin's socket, by what the kernel knows of the process. */
function socketDirectory(pid: number): string {
  const inodes = readFileSync(`/proc/${String(pid)}/net/unix`, 'utf8');
  const paths = [...inodes.matchAll(/ (\/\S+)$/gm)].map(([, path]) => path!);
  return paths.map((path) => dirname(path)).find((path) => /plugin/.test(path)) ?? '';
}

bundleTest(
  'says one line on stdout, keeps its files to itself and leaves no temporary ones',
  async () => {
    let output = '';
    const run = await start({
      command: (executable) => {
        output = join(dirname(executable), 'stdout.txt');
        return { file: '/bin/bash', args: ['-c', `exec "${executable}" > >(tee "${output}")`] };
      },
    });
    const { pid } = run.active().process;
    const sockets = socketDirectory(pid);
    const { from, to } = { from: Date.now() - 60_000, to: Date.now() };
    await run.request('dumps', { method: 'POST', body: JSON.stringify({ from, to }) });
    await eventually('the dump', async () => {
      const { dumps } = await run.get<DumpList>('dumps');
      return dumps[0]?.state === 'ready' ? true : undefined;
    });
    for (const path of ['', 'wal', 'dump-work']) {
      expect((await stat(join(storeOf(run), path))).mode & 0o007).toBe(0);
    }
    for (const path of ['lock', 'wal/00000000', 'gaps.jsonl']) {
      expect((await stat(join(storeOf(run), path))).mode & 0o027).toBe(0);
    }
    expect(await readdir(join(storeOf(run), 'dump-work'))).toEqual([]);
    await run.host.disable(manifest.id);
    expect(readFileSync(output, 'utf8')).toMatch(/^1\|1\|unix\|[^|\n]+\|netrpc\|\n$/);
    expect(existsSync(join(storeOf(run), 'lock'))).toBe(false);
    expect(sockets === '' || !existsSync(sockets)).toBe(true);
  },
  timeoutMs,
);

bundleTest(
  'ends when its host is gone, and frees the data directory',
  async () => {
    const run = await start();
    const { connection, pid } = run.active().process;
    connection.session.close();
    await processEnds(pid);
    expect(existsSync(join(storeOf(run), 'lock'))).toBe(false);
  },
  timeoutMs,
);

bundleTest(
  'refuses a hook that it does not have, and goes on',
  async () => {
    const run = await start();
    const { connection } = run.active().process;
    const rpc = new RpcClient(await connection.dispense('hooks'));
    await expect(rpc.call('Plugin.MessageHasBeenPosted', emptyStruct, {})).rejects.toThrow(
      /can't find method|not implemented/,
    );
    await collects(run, Date.now());
  },
  timeoutMs,
);

bundleTest(
  'killed in the middle of a dump it goes on with everything, the dump too',
  async () => {
    const run = await start({ exporter: { profile: 'mid' } });
    const before = await run.get<Status>('status');
    const body = JSON.stringify({ from: Date.now() - 60_000, to: Date.now() });
    const created = await run.request('dumps', { method: 'POST', body });
    const { id } = (await created.json()) as Dump;
    await run.active().process.crash();
    // What a crash at another moment would leave.
    const half = join(storeOf(run), '01J00000000000000000000000.tmp-for-creation');
    await mkdir(join(half, 'chunks'), { recursive: true });
    await writeFile(join(half, 'index'), 'half');
    const headless = join(storeOf(run), '01J00000000000000000000001');
    await mkdir(join(headless, 'chunks'), { recursive: true });
    await run.host.disable(manifest.id);
    await run.host.enable(manifest.id);
    const dump = await eventually('the dump', async () => {
      const answer = await run.request(`dumps/${id}`);
      const { state, ...rest } = (await answer.json()) as Dump;
      return state === 'ready' || state === 'failed' ? { state, ...rest } : undefined;
    });
    expect(dump).toMatchObject({ state: 'ready', error: null });
    const after = await run.get<Status>('status');
    expect(after.oldestSampleMs).toBe(before.oldestSampleMs);
    expect(existsSync(half)).toBe(false);
    expect(await readdir(join(storeOf(run), 'dump-work'))).toEqual([]);
    process.stderr.write(`${JSON.stringify(after.problems)} ${String(existsSync(headless))}\n`);
  },
  timeoutMs,
);

bundleTest(
  'a second plugin over the same data directory says who has it and waits',
  async () => {
    const first = await start();
    const settings = { dbpath: storeOf(first) };
    const second = await startBundle({ settings });
    runs.push(second);
    const held = await eventually('a problem', async () => {
      const status = await second.get<Status>('status');
      return status.problems.length > 0 ? status : undefined;
    });
    expect(held).toMatchObject({ state: 'stopped', problems: [{ code: 'TSDB_LOCKED' }] });
    expect(held.problems[0]?.message).toContain(String(first.active().process.pid));
    await first.host.disable(manifest.id);
    await collects(second);
  },
  timeoutMs,
);

bundleTest(
  'keeps the secrets of the configuration out of every log line',
  async () => {
    const run = await start();
    await run.exporter.setFault('overflow');
    await eventually('a failed scrape', async () => {
      const { problems } = await run.get<Status>('status');
      return problems.length > 0 ? true : undefined;
    });
    await run.host.generateSupportData(manifest.id);
    await run.host.disable(manifest.id);
    expect(run.logs.length).toBeGreaterThan(0);
    expect(JSON.stringify(run.logs)).not.toMatch(/-secret|mmuser|MMAUTHTOKEN/);
  },
  timeoutMs,
);
