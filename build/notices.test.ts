import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { packageNotice } from './notices.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'package-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function f(files: Record<string, string>, license = 'MIT'): Promise<string> {
  const about = JSON.stringify({ name: 'thing', version: '1.2.3', license });
  await writeFile(`${directory}/package.json`, about);
  for (const [name, text] of Object.entries(files)) await writeFile(`${directory}/${name}`, text);
  return packageNotice(directory);
}

describe('the notice of a package', () => {
  test('has every licence file and nothing of the README beside them', async () => {
    const files = { LICENCE: 'terms', 'NOTICE.md': 'thanks', 'README.md': '# License\npermission' };
    expect(await f(files)).toBe('thing 1.2.3 (MIT)\n\nterms\n\nthanks');
  });

  test("takes the README's section when that is the licence", async () => {
    const text = '# thing\n\npermission to use it\n\n## License\n\nPermission is granted.\n';
    expect(await f({ 'README.md': text })).toBe('thing 1.2.3 (MIT)\n\nPermission is granted.');
  });

  test('gives the Apache licence itself where a package only names it', async () => {
    const text = await f({ 'README.md': '# License\nApache\n' }, 'Apache-2.0');
    expect(text).toContain('TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION');
  });

  test('fails the build when there are no terms', async () => {
    await expect(f({ 'README.md': '# License\nMIT\n' })).rejects.toThrow('thing 1.2.3 (MIT)');
    await expect(f({})).rejects.toThrow('without the text of its licence');
  });
});
