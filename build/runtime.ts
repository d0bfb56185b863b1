import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { root, run } from './command.ts';
import { nodeVersion, type Platform } from './platforms.ts';

/** Node's binary for a platform, stripped, and the licence text that came with it. */
export interface NodeRuntime {
  binary: string;
  licence: string;
}

/** Fetches the pinned runtime of a platform once; later builds take it from `.cache/`. */
export async function fetchRuntime(platform: Platform): Promise<NodeRuntime> {
  const directory = `${root}.cache/node-${nodeVersion}-${platform.name}`;
  const runtime = { binary: `${directory}/node`, licence: `${directory}/LICENSE` };
  if (await exists(runtime.licence)) return runtime;

  // Whole or not at all: the directory gets its name when everything in it is there.
  const unfinished = `${directory}.tmp`;
  await rm(unfinished, { recursive: true, force: true });
  await rm(directory, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const archive = `${unfinished}/${platform.nodePackage}-${nodeVersion}.tgz`;
  await run('npm', [
    'pack',
    '--loglevel=error',
    `--pack-destination=${unfinished}`,
    `${platform.nodePackage}@${nodeVersion}`,
  ]);
  await checkIntegrity(archive, platform.nodeIntegrity);
  await run('tar', ['-xzf', archive, '-C', unfinished, '--strip-components=1', 'package/LICENSE']);
  await run('tar', ['-xzf', archive, '-C', unfinished, '--strip-components=2', 'package/bin/node']);
  await run(platform.strip, [`${unfinished}/node`]);
  await rm(archive);
  await rename(unfinished, directory);
  return runtime;
}

async function checkIntegrity(path: string, expected: string): Promise<void> {
  const digest = createHash('sha512')
    .update(await readFile(path))
    .digest('base64');
  if (`sha512-${digest}` === expected) return;
  throw new Error(`${path} is not the pinned runtime: sha512-${digest}, expected ${expected}`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
