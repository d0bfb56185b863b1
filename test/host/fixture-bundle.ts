import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTarball } from './tar-fixture.ts';

const fixture = fileURLToPath(new URL('fixture-plugin/', import.meta.url));

/** What the fixture's executable runs. */
export const fixtureMain = join(fixture, 'main.ts');
export const fixtureId = 'com.example.fixture';

/** The fixture as a bundle whose executable is a script, as a server would be given it. */
export async function fixtureBundle(version = '1.2.3'): Promise<Uint8Array> {
  const manifest = await readFile(join(fixture, 'plugin.json'), 'utf8');
  const script = `#!${process.execPath}\nimport(${JSON.stringify(fixtureMain)});\n`;
  return makeTarball([
    { name: 'top/plugin.json', content: manifest.replace('1.2.3', version) },
    { name: 'top/plugin', content: script, mode: 0o755 },
    { name: 'top/webapp/main.js', content: 'the webapp' },
  ]);
}
