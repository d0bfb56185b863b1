// Goal: two builds of one commit give the same bytes, wherever they are made. Method: a copy of the
// sources in a directory of another name and depth, its packages linked instead of installed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bundleServer } from '../../build/server.ts';
import { buildWebapp } from '../../build/webapp.ts';
import { testNeeding } from '../programs.ts';
import { hostBundle, hostPlatform } from './built-bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What the build reads. */
const inputs = ['server', 'lib', 'api', 'panels', 'webapp', 'tools', 'build', 'assets'].concat(
  readdirSync(root).filter((name) => /^(plugin|package|tsconfig.*)\.json$|^[A-Z]+$/.test(name)),
);
const slowMs = 300_000;
// A whole bundle takes a while, and `make` has just built what it is compared with.
const inCi = process.env['CI'] === 'true' ? testNeeding({ files: [hostBundle] }) : test.skip;

let directory = '';
let copy = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'elsewhere-'));
  copy = `${directory}/a/deeper place`;
  mkdirSync(copy, { recursive: true });
  for (const name of inputs) {
    cpSync(`${root}${name}`, `${copy}/${name}`, {
      recursive: true,
      filter: (path) => !/\/(node_modules|dist)$/.test(path),
    });
  }
  for (const name of ['node_modules', '.cache']) symlinkSync(`${root}${name}`, `${copy}/${name}`);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Every file that the two bundlers write, by name. */
function digests(built: string): Record<string, string> {
  const names = readdirSync(built).filter((name) => name !== 'meta.json');
  return Object.fromEntries(names.sort().map((name) => [name, digest(`${built}/${name}`)]));
}

describe('a second build in another place', () => {
  test(
    'makes the same scripts',
    async () => {
      const [here, there] = [`${directory}/here`, `${directory}/there`];
      await bundleServer(here);
      await buildWebapp({ outDir: here, minify: true });
      const script = `
      const { bundleServer } = await import('${copy}/build/server.ts');
      const { buildWebapp } = await import('${copy}/build/webapp.ts');
      await bundleServer('${there}');
      await buildWebapp({ outDir: '${there}', minify: true });`;
      execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: directory });
      expect(digests(there)).toEqual(digests(here));
      expect(Object.keys(digests(here))).toContain('packages.js');
    },
    slowMs,
  );

  inCi(
    'makes the same bundle, byte for byte',
    () => {
      const entry = execFileSync('tar', ['-tvzf', hostBundle, '--full-time', '--utc'], {
        encoding: 'utf8',
      });
      const time = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.exec(entry)?.[0] ?? '';
      const env = { ...process.env, SOURCE_DATE_EPOCH: String(Date.parse(`${time}Z`) / 1000) };
      execFileSync(process.execPath, [`${copy}/build/dist.ts`, '--platform', hostPlatform], {
        env,
      });
      expect(digest(`${copy}/dist/${basename(hostBundle)}`)).toBe(digest(hostBundle));
    },
    slowMs,
  );
});
