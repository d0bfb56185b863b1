import { chmod, copyFile, mkdir, realpath } from 'node:fs/promises';
import { run } from './command.ts';
import { newestGlibc, shippedLibraries, type Platform } from './platforms.ts';

/** Copies the libraries that Node needs besides glibc, checked to start on the oldest target. */
export async function copyLibraries(platform: Platform, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of shippedLibraries) {
    const source = await realpath(`${platform.libraryDirectory}/${name}`);
    await checkGlibc(platform, source);
    await copyFile(source, `${directory}/${name}`);
    await chmod(`${directory}/${name}`, 0o644);
  }
}

/** Throws when a library asks for a newer glibc than the images we promise to start on have. */
async function checkGlibc(platform: Platform, library: string): Promise<void> {
  const versions = await run(platform.readelf, ['--version-info', '--wide', library]);
  for (const [, major, minor] of versions.matchAll(/GLIBC_(\d+)\.(\d+)/g)) {
    if (Number(major) === newestGlibc[0] && Number(minor) <= newestGlibc[1]) continue;
    throw new Error(
      `${library} needs glibc ${String(major)}.${String(minor)}; build on Debian 12, whose libraries need at most ${newestGlibc.join('.')}`,
    );
  }
}
