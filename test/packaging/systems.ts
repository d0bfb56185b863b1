import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { root, run } from '../../build/command.ts';
import { type Platform, platforms } from '../../build/platforms.ts';
import { hostPlatform } from './built-bundle.ts';

/** A C library, and what runs programs for it. */
export interface RootSystem {
  platform: Platform;
  /** Where the files lie on this machine. */
  directory: string;
  /** File names in `directory`; they get the same names inside, in the directory of the platform. */
  libraries: readonly string[];
  /** Absolute path inside, as compiled into every program. */
  loader: string;
  /** A static program that runs programs of the platform; none for the machine's own. */
  emulator?: string;
}

/** glibc and nothing else: the libraries that come in the same package. */
const glibc = [
  'libc.so.6',
  'libm.so.6',
  'libdl.so.2',
  'libpthread.so.0',
  'librt.so.1',
  'libresolv.so.2',
];

const loaders: Record<string, string> = {
  'linux-amd64': '/lib64/ld-linux-x86-64.so.2',
  'linux-arm64': '/lib/ld-linux-aarch64.so.1',
};

function platformOf(name: string): Platform {
  const platform = platforms.find((known) => known.name === name);
  if (platform === undefined) throw new Error(`nothing is built for ${name}`);
  return platform;
}

/** This machine's glibc alone. */
export function ownGlibc(): RootSystem {
  const platform = platformOf(hostPlatform);
  const directory = `/lib/${platform.triplet}`;
  return { platform, directory, libraries: glibc, loader: loaders[hostPlatform] ?? '' };
}

/** glibc alone on a machine of the other kind. */
export const foreignGlibc: RootSystem & { emulator: string } = {
  platform: platformOf('linux-arm64'),
  directory: '/usr/aarch64-linux-gnu/lib',
  libraries: glibc,
  loader: loaders['linux-arm64'] ?? '',
  emulator: '/usr/bin/qemu-aarch64-static',
};

/**
 * A system older than what we build on: Debian 11 with glibc 2.31 and the libraries of GCC 10. What
 * we ship needs glibc 2.36, so the executable must take the system's own.
 */
export const oldSystem: RootSystem = {
  platform: platformOf('linux-amd64'),
  directory: `${root}.cache/debian-11`,
  libraries: [...glibc, 'libstdc++.so.6', 'libgcc_s.so.1', 'libatomic.so.1'],
  loader: loaders['linux-amd64'] ?? '',
};

const oldPackages = ['libc6:amd64', 'libstdc++6:amd64', 'libgcc-s1:amd64', 'libatomic1:amd64'];

/** Where this machine has its own Debian packages from; older releases lie in the same place. */
async function debianMirrors(): Promise<string[]> {
  const targets = ['indextargets', '--format', '$(REPO_URI)', 'Origin: Debian'];
  const uris = (await run('apt-get', [...targets, 'Created-By: Packages'])).trim().split('\n');
  return [...new Set(uris)].filter((uri) => !uri.includes('security'));
}

/** Fetches the packages of {@link oldSystem} once, with apt's signatures but beside apt's own state. */
export async function fetchOldSystem(): Promise<void> {
  const { directory } = oldSystem;
  if (existsSync(directory)) return;
  const work = `${directory}.tmp`;
  await rm(work, { recursive: true, force: true });
  for (const name of ['lists/partial', 'archives/partial', 'files', 'unpacked']) {
    await mkdir(`${work}/${name}`, { recursive: true });
  }
  const sources = (await debianMirrors()).map(
    (mirror) => `deb [arch=amd64 check-valid-until=no] ${mirror} bullseye main\n`,
  );
  await writeFile(`${work}/sources.list`, sources.join(''));
  const settings = {
    'Dir::Etc::SourceList': `${work}/sources.list`,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::lists': `${work}/lists`,
    'Dir::State::status': '/dev/null',
    'Dir::Cache': work,
    'APT::Sandbox::User': 'root',
    'Acquire::http::Timeout': '20',
    'Acquire::Languages': 'none',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  // Of several mirrors one may fail; the download tells when all have.
  await run('apt-get', [...options, '-q', 'update']).catch(() => undefined);
  await run('apt-get', [...options, '-q', 'download', ...oldPackages], { cwd: work });
  for (const file of (await readdir(work)).filter((name) => name.endsWith('.deb'))) {
    await run('dpkg', ['-x', `${work}/${file}`, `${work}/unpacked`]);
  }
  const { platform, loader, libraries } = oldSystem;
  const places = [`lib/${platform.triplet}`, `usr/lib/${platform.triplet}`, 'lib64'];
  for (const name of [...libraries, basename(loader)]) {
    const paths = places.map((place) => `${work}/unpacked/${place}/${name}`);
    const path = paths.find((candidate) => existsSync(candidate));
    if (path === undefined) throw new Error(`the packages of Debian 11 have no ${name}`);
    await copyFile(path, `${work}/files/${name}`);
  }
  await rename(`${work}/files`, directory);
  await rm(work, { recursive: true, force: true });
}
