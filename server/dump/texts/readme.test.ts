import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree, sha256Of } from '../../share/block-fixture.ts';
import { DumpRig, hasProgram, hours } from '../dump-fixture.ts';

let rig: DumpRig;

beforeEach(async () => {
  rig = await DumpRig.create();
  await rig.service.start();
});

afterEach(async () => {
  await rig.service.stop();
  await removeTree(rig.root);
});

/** An unpacked dump and the commands that its README.md gives, each in one line. */
async function unpacked(): Promise<{ dir: string; text: string; commands: string[] }> {
  await rig.addBlock(4, 2);
  const { id } = await rig.service.create(hours(4, 0), 'admin');
  expect((await rig.finished(id)).error).toBeNull();
  const { dir } = await rig.unpack(id);
  const text = await readFile(join(dir, 'README.md'), 'utf8');
  const commands = [...text.replace(/\\\n/g, '').matchAll(/^ {4}(\S.*)$/gm)];
  return { dir, text, commands: commands.map(([, command]) => command ?? '') };
}

function run(cwd: string, command: string | undefined): string {
  return execFileSync('sh', ['-c', command ?? 'false'], { cwd, stdio: 'pipe' }).toString();
}

test('has commands that hold every file against the manifest', async () => {
  const { commands, dir } = await unpacked();
  const check = commands.find((command) => command.includes('sha256sum'));
  const { files } = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as {
    files: { path: string; sha256: string }[];
  };
  // What the filter of jq in the command gives.
  expect(check).toBe(
    String.raw`jq -r '.files[] | "\(.sha256)  \(.path)"' manifest.json | sha256sum -c`,
  );
  for (const { path, sha256 } of files) {
    expect([path, sha256Of(await readFile(join(dir, path)))]).toEqual([path, sha256]);
  }
});

test('has a command that tells what is missing, when and why, with times that can be read', async () => {
  const { dir, text } = await unpacked();
  const [command] = /^ {4}jq -r 'def utc[^]*?sort$/m.exec(text) ?? [];
  expect(command).toBeDefined();
  if (!hasProgram('jq')) return;
  const from = Date.UTC(2026, 10, 20, 14, 3, 7);
  const gap = { job: 'node', instance: 'app2:9100', reason: 'SCRAPE_REFUSED', message: 'Nothing.' };
  const manifest = {
    gaps: [{ ...gap, fromMs: from + 60_500, toMs: null, missedScrapes: 2 }],
    collectorChanges: [{ fromMs: from, toMs: from + 20_000, message: 'app2 took over.' }],
  };
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest));
  expect(run(dir, command?.trimStart()).split('\n')).toEqual([
    '2026-11-20T14:03:07Z\t2026-11-20T14:03:27Z\t\t\t\tapp2 took over.',
    '2026-11-20T14:04:07Z\tlasts\tapp2:9100\tnode\tSCRAPE_REFUSED\tNothing.',
    '',
  ]);
});

test('has commands of promtool that work', async () => {
  const { commands, dir } = await unpacked();
  const ofPromtool = commands.filter((command) => command.startsWith('promtool'));
  expect(ofPromtool).toHaveLength(2);
  if (!hasProgram('promtool')) return;
  const [list, dump] = ofPromtool;
  expect(run(dir, list)).toContain('NUM SAMPLES');
  const name = 'test_requests_total';
  expect(run(dir, dump?.replace('"up"', `"${name}"`))).toContain(`__name__="${name}"`);
});

test('says where a graph of the time of the dump is, and starts a Prometheus that keeps the blocks', async () => {
  const { commands } = await unpacked();
  expect(commands).toContainEqual(
    'http://localhost:9090/graph?g0.expr=up&g0.tab=0&g0.range_input=120m&g0.end_input=2026-11-20%2009:59:45',
  );
  const start = commands.find((command) => command.startsWith('prometheus'));
  expect(start).toMatch(/--web\.listen-address=127\.0\.0\.1:9090 .*max-block-duration=2h$/);
});
