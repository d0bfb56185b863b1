// House rules that no linter knows. Every finding names the file, the line and the reason.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { root } from '../build/command.ts';
import { ourFiles } from './source-text.ts';

const files = ourFiles();

const isText = (path: string) =>
  /\.(ts|tsx|js|cjs|mjs|json|md|sh|go|mod|yml|yaml|css|html|svg)$|(^|\/)(Makefile|run|NOTICE)$/.test(
    path,
  ) && !['package-lock.json', 'test/tidy.test.ts'].includes(path);

const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');

interface Forbidden {
  word: RegExp;
  instead: string;
}

const forbidden: Forbidden[] = [
  { word: /\b(FIXME|TODO|XXX)\b/, instead: 'do it, or file an issue' },
  {
    word: /\b(test|it|describe)\.only\(|\bf(it|describe)\(/,
    instead: 'run one test from the command line: npm test -- -t name',
  },
  {
    word: /(^|[^\w.])\/(work|root|home)\//,
    instead: 'paths of one machine do not belong into the repository',
  },
  {
    word: /registry\.npmjs|proxy\.golang|deb\.debian|unpkg\.com/,
    instead: 'registries are reached through the clients as they are set up',
  },
  { word: /^(<{7}|>{7}) /, instead: 'resolve the conflict' },
];

function findForbidden(path: string): string[] {
  return read(path)
    .split('\n')
    .flatMap((line, index) =>
      forbidden
        .filter(({ word }) => word.test(line))
        .map(({ instead }) => `${path}:${index + 1} ${line.trim()} (${instead})`),
    );
}

describe('the repository', () => {
  test('has no leftovers, no paths of a machine and no registry hosts', () => {
    expect(files.filter(isText).flatMap(findForbidden)).toEqual([]);
  });

  test('has a lock file without download addresses', () => {
    expect(read('package-lock.json')).not.toContain('"resolved": "http');
  });

  test('has no file over 200 kB besides the lock file', () => {
    const large = files.filter(
      (path) => path !== 'package-lock.json' && statSync(`${root}${path}`).size > 200_000,
    );
    expect(large).toEqual([]);
  });

  test('gives every version once', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const manifest = JSON.parse(read('plugin.json')) as { version: string };
    expect(manifest.version).toBe(version);
  });

  test('pins the shipped Node as the one that runs the tests', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as {
      devDependencies: Record<string, string>;
    };
    expect(read('build/platforms.ts')).toContain(`nodeVersion = '${devDependencies['node']!}'`);
    expect(process.version).toBe(`v${devDependencies['node']!}`);
  });

  test('names files in kebab-case', () => {
    const odd = files.filter(
      (path) =>
        /^(lib|api|server|webapp|tools|build|test)\/.*\.tsx?$/.test(path) &&
        !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.tsx?$/.test(path.slice(path.lastIndexOf('/') + 1)),
    );
    expect(odd).toEqual([]);
  });

  test('reports the longest files', () => {
    const long = files
      .filter((path) => /^(lib|api|server|webapp|tools|build|test)\/.*\.tsx?$/.test(path))
      .map((path) => ({ path, lines: read(path).split('\n').length }))
      .filter(({ lines }) => lines > 400)
      .sort((a, b) => b.lines - a.lines);
    for (const { path, lines } of long) process.stderr.write(`${lines} lines: ${path}\n`);
    // Above 400 think twice; a file of twice that has more than one idea in it.
    expect(long.filter(({ lines }) => lines > 800)).toEqual([]);
  });
});

describe('libraries', () => {
  const libraries = readdirSync(`${root}lib`);

  test.each(libraries)('lib/%s says what it is, how it fails and what it offers', (name) => {
    const missing = ['README.md', 'errors.ts', 'index.ts'].filter(
      (file) => !existsSync(`${root}lib/${name}/${file}`),
    );
    expect(missing).toEqual([]);
  });

  test.each(libraries)('lib/%s lists each of its error codes in its README', (name) => {
    const path = `lib/${name}/errors.ts`;
    const codes = existsSync(`${root}${path}`) ? read(path).match(/'[A-Z]+(_[A-Z0-9]+)+'/g) : [];
    const readme = existsSync(`${root}lib/${name}/README.md`) ? read(`lib/${name}/README.md`) : '';
    const unlisted = (codes ?? [])
      .map((code) => code.slice(1, -1))
      .filter((code) => !readme.includes(code));
    expect(unlisted).toEqual([]);
  });
});

describe('format pages', () => {
  const pages = files.filter((path) => /^docs\/format\/.*\.md$/.test(path));
  const code = files
    .filter((path) => /^(lib|server|api)\/.*\.ts$/.test(path))
    .map(read)
    .join('\n');

  test('are linked from the code they draw', () => {
    expect(pages.filter((page) => !code.includes(page))).toEqual([]);
  });

  test('exist where code names them', () => {
    const named = new Set(code.match(/docs\/format\/[\w-]+\.md/g) ?? []);
    expect([...named].filter((page) => !pages.includes(page))).toEqual([]);
  });
});
