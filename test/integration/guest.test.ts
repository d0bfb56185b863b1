// Goal: the built executable is a polite guest: it keeps to its pipes and its places, and hides what it
// was told. Method: the bundle under the stand-in.
import { existsSync, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect } from '@jest/globals';
import type { DumpList, Status } from '../../api/index.ts';
import { emptyStruct } from '../../lib/gob/index.ts';
import { RpcClient } from '../../lib/netrpc/index.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { testNeeding } from '../programs.ts';
import { BundleRuns, collects, storeOf } from './bundle-fixture.ts';
import { eventually } from './plugin-fixture.ts';

const bundleTest = testNeeding({ files: [hostBundle] });

const runs = new BundleRuns();

afterEach(async () => {
  expect(await runs.end()).toEqual([]);
});

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
    const run = await runs.collecting({
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
    await eventually('no files of a dump', async () =>
      (await readdir(join(storeOf(run), 'dump-work'))).length === 0 ? true : undefined,
    );
    await run.host.disable(manifest.id);
    expect(readFileSync(output, 'utf8')).toMatch(/^1\|1\|unix\|[^|\n]+\|netrpc\|\n$/);
    expect(existsSync(join(storeOf(run), 'lock'))).toBe(false);
    expect(sockets === '' || !existsSync(sockets)).toBe(true);
  },
);

bundleTest('refuses a hook that it does not have, and goes on', async () => {
  const run = await runs.collecting();
  const { connection } = run.active().process;
  const rpc = new RpcClient(await connection.dispense('hooks'));
  await expect(rpc.call('Plugin.MessageHasBeenPosted', emptyStruct, {})).rejects.toThrow(
    /can't find method|not implemented/,
  );
  await collects(run, Date.now());
});

bundleTest('keeps the secrets of the configuration out of every log line', async () => {
  const run = await runs.collecting();
  await run.exporter.setFault('overflow');
  await eventually('a failed scrape', async () => {
    const { problems } = await run.get<Status>('status');
    return problems.length > 0 ? true : undefined;
  });
  await run.host.generateSupportData(manifest.id);
  await run.host.disable(manifest.id);
  expect(run.logs.length).toBeGreaterThan(0);
  expect(JSON.stringify(run.logs)).not.toMatch(/-secret|mmuser|MMAUTHTOKEN/);
});
