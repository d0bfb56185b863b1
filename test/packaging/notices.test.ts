// Goal: everything that ships has its terms in the bundle. Method: the names of packages are read out
// of the executable and the webapp themselves, not from the list that the build made.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { shippedLibraries } from '../../build/platforms.ts';
import { testNeeding } from '../programs.ts';
import { hostBundle, hostPlatform, manifest } from './built-bundle.ts';

const onBundle = testNeeding({ files: [hostBundle], programs: ['tar', 'grep'] });

let directory = '';
let sections: string[] = [];
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'notices-'));
  execFileSync('tar', ['-xzf', hostBundle, '-C', directory, '--strip-components=1']);
  sections = readFileSync(`${directory}/NOTICE`, 'utf8').split(`\n\n${'-'.repeat(80)}\n\n`);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Packages whose files the bundler named in a file that ships: most of them, not all. */
function packagesIn(file: string): string[] {
  const pattern = 'node_modules/(@[a-z0-9._-]+/)?[a-z0-9._-]+/';
  const found = execFileSync('grep', ['-aoE', pattern, `${directory}/${file}`], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const names = found.trim().split('\n');
  return [...new Set(names.map((name) => name.slice('node_modules/'.length, -1)))];
}

/** Names of the sections with enough text to be a licence. */
function titled(): Set<string> {
  const withTerms = sections.filter((section) => /\n[^]*(permission|licen[cs]e)/i.test(section));
  return new Set(withTerms.map((section) => /^(\S+) [\d.]+\S* \(/.exec(section)?.[1] ?? section));
}

describe('the NOTICE file of a bundle', () => {
  onBundle('has the terms of every package inside the executable', () => {
    const packages = packagesIn(manifest.server.executables[hostPlatform]!);
    expect(packages).toEqual(expect.arrayContaining(['express', 'router', '@aws-sdk/client-s3']));
    const terms = titled();
    expect(packages.filter((name) => !terms.has(name))).toEqual([]);
  });

  onBundle('has the terms of Node and of each library beside it', () => {
    const libraries = readdirSync(`${directory}/server/dist/lib/${hostPlatform}`);
    expect(libraries.sort()).toEqual([...shippedLibraries].sort());
    const text = sections.join('\n');
    for (const name of libraries) expect(text).toContain(name.replace(/\.so.*/, ''));
    expect(text).toMatch(/GNU GENERAL PUBLIC LICENSE\n +Version 3/);
    expect(text).toContain('GCC RUNTIME LIBRARY EXCEPTION\n\nVersion 3.1');
    const node = sections.find((section) => section.startsWith('Node.js, the runtime')) ?? '';
    for (const part of ['V8', 'libuv', 'OpenSSL', 'ICU', 'zlib', 'llhttp']) {
      expect(node).toContain(part);
    }
  });

  onBundle('says our own terms first', () => {
    expect(sections[0]).toContain('Apache License, Version 2.0');
    expect(readFileSync(`${directory}/LICENSE`, 'utf8')).toContain('Apache License');
  });
});
