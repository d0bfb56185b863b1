import { readdir, readFile } from 'node:fs/promises';
import type { Metafile } from 'esbuild';
import { root } from './command.ts';

const packagePattern = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const licenceFilePattern = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

/**
 * The notices of everything that ships: our own, the packages inside the bundles (from what the
 * bundler really took in), Node's (which lists its own parts) and the compiler's libraries.
 */
export async function writeNotices(
  metafiles: readonly Metafile[],
  nodeLicence: string,
): Promise<string> {
  const directories = new Set<string>();
  for (const metafile of metafiles) {
    for (const input of Object.keys(metafile.inputs)) {
      const directory = packagePattern.exec(input)?.[1];
      if (directory !== undefined) directories.add(directory);
    }
  }
  const packages = await Promise.all([...directories].sort().map(packageNotice));
  const sections = [
    (await readFile(`${root}NOTICE`, 'utf8')).trim(),
    libraryNotice,
    ...packages,
    `Node.js, the runtime inside the executable\n\n${(await readFile(nodeLicence, 'utf8')).trim()}`,
  ];
  return `${sections.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

async function packageNotice(directory: string): Promise<string> {
  const text = await readFile(`${root}${directory}/package.json`, 'utf8');
  const { name, version, license } = JSON.parse(text) as Record<string, unknown>;
  const title = `${String(name)} ${String(version)} (${String(license)})`;
  const files = (await readdir(`${root}${directory}`)).filter((file) =>
    licenceFilePattern.test(file),
  );
  if (files.length === 0) return title;
  const texts = await Promise.all(
    files.sort().map((file) => readFile(`${root}${directory}/${file}`, 'utf8')),
  );
  return [title, ...texts.map((licence) => licence.trim())].join('\n\n');
}

const libraryNotice = `libstdc++, libgcc_s, libatomic (server/dist/lib), as built by Debian 12 from GCC 12.2.0

Copyright (C) Free Software Foundation, Inc. GNU General Public License version 3 or later with the
GCC Runtime Library Exception, version 3.1: they may be shipped with and linked to programs under
any licence. Source: the Debian source packages gcc-12 and gcc-12-cross.`;
