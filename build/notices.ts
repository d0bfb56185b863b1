import { readdir, readFile } from 'node:fs/promises';
import type { Metafile } from 'esbuild';
import { root } from './command.ts';

const licences = `${root}build/licences/`;
const packagePattern = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const licenceFilePattern = /^(licen[cs]e|copying|notice)([.-].*)?$/i;
/**
 * Packages that name a licence and forget its text: terms of their repository, kept in `licences/`.
 * This one has those of the other packages that its repository publishes.
 */
const forgotten: Readonly<Record<string, string>> = {
  'proxy-agent-negotiate': 'proxy-agent-negotiate.txt',
};
/** The last part of a README that is the licence itself, not a word about it. */
const licenceSectionPattern = /^#+ *licen[cs]e\b[^\n]*\n([^]*\bpermission\b[^]*)$/im;

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
  const packages = await Promise.all(
    [...directories].sort().map((directory) => packageNotice(`${root}${directory}`)),
  );
  const sections = [
    await readText(`${root}NOTICE`),
    libraryNotice,
    await readText(`${licences}gcc-exception-3.1.txt`),
    await readText(`${licences}gpl-3.0.txt`),
    ...packages,
    `Node.js, the runtime inside the executable\n\n${await readText(nodeLicence)}`,
  ];
  return `${sections.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/** Title and licence of a package; throws when nothing says under which terms it may be shipped. */
export async function packageNotice(directory: string): Promise<string> {
  const { name, version, license } = JSON.parse(
    await readText(`${directory}/package.json`),
  ) as Record<string, unknown>;
  const title = `${String(name)} ${String(version)} (${String(license)})`;
  const texts = await licenceTexts(directory, String(name), license);
  if (texts.length === 0) {
    throw new Error(`${title} ships without the text of its licence; find it, or leave it out`);
  }
  return [title, ...texts].join('\n\n');
}

async function licenceTexts(directory: string, name: string, license: unknown): Promise<string[]> {
  const files = (await readdir(directory)).sort();
  const own = files.filter((file) => licenceFilePattern.test(file));
  if (own.length > 0) return Promise.all(own.map((file) => readText(`${directory}/${file}`)));
  const readme = files.find((file) => /^readme(\.|$)/i.test(file));
  if (readme !== undefined) {
    const section = licenceSectionPattern.exec(await readText(`${directory}/${readme}`))?.[1];
    if (section !== undefined) return [section.trim()];
  }
  const kept = forgotten[name];
  if (kept !== undefined) return [await readText(`${licences}${kept}`)];
  // This licence has one text for all, with no name in it; ours is the same.
  return license === 'Apache-2.0' ? [await readText(`${root}LICENSE`)] : [];
}

async function readText(path: string): Promise<string> {
  return (await readFile(path, 'utf8')).trim();
}

const libraryNotice = `libstdc++, libgcc_s, libatomic (server/dist/lib), as built by Debian 12 from GCC 12.2.0

Copyright (C) Free Software Foundation, Inc. GNU General Public License version 3 or later with the
GCC Runtime Library Exception, version 3.1, both of which follow: they may be shipped with and linked
to programs under any licence. Source: the Debian source packages gcc-12 and gcc-12-cross.`;
