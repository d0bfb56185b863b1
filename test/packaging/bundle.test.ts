// Goal: a bundle that a Mattermost server unpacks.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { describe, expect } from '@jest/globals';
import { testNeeding } from '../programs.ts';
import { hostBundle, hostPlatform, manifest, type Manifest } from './built-bundle.ts';

const onBundle = testNeeding({ files: [hostBundle], programs: ['tar'] });
const executable = manifest.server.executables[hostPlatform]!;

interface Entry {
  mode: string;
  name: string;
}

function list(): Entry[] {
  const listing = execFileSync('tar', ['-tvzf', hostBundle], { encoding: 'utf8' });
  return listing
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/))
    .map((columns) => ({ mode: columns[0]!, name: columns.slice(5).join(' ') }));
}

describe('the bundle', () => {
  onBundle('holds regular files only, below one directory named as the plugin', () => {
    const odd = list().filter(
      ({ mode, name }) => !/^[-d]/.test(mode) || !name.startsWith(`${manifest.id}/`),
    );
    expect(odd).toEqual([]);
  });

  onBundle('makes the executable executable and nothing else', () => {
    const executables = list().filter(({ mode }) => mode.startsWith('-') && mode.includes('x'));
    expect(executables).toEqual([{ mode: '-rwxr-xr-x', name: `${manifest.id}/${executable}` }]);
  });

  onBundle('has in it what its manifest names', () => {
    const names = list().map(({ name }) => name.slice(manifest.id.length + 1));
    const shipped = JSON.parse(
      execFileSync('tar', ['-xOzf', hostBundle, `${manifest.id}/plugin.json`], {
        encoding: 'utf8',
      }),
    ) as Manifest;
    expect(shipped.version).toBe(manifest.version);
    expect(shipped.server.executables).toEqual({ [hostPlatform]: executable });
    expect(names).toEqual(
      expect.arrayContaining([executable, shipped.webapp.bundle_path, shipped.icon_path]),
    );
  });

  onBundle('leaves room for the other platform below 95 MiB', () => {
    expect(statSync(hostBundle).size).toBeLessThan((95 / 2) * 2 ** 20);
  });
});
