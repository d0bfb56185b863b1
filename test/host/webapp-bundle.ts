import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest } from './manifest.ts';

/**
 * Copies a plugin's webapp below the client directory under a name that changes with its content.
 * Returns the path at which the browser finds it, or undefined without a webapp.
 */
export async function installWebapp(
  manifest: Manifest,
  bundleDirectory: string,
  clientDirectory: string,
): Promise<string | undefined> {
  if (manifest.webapp === undefined) return undefined;
  const { id } = manifest;
  const source = join(bundleDirectory, manifest.webapp.bundle_path);
  const target = join(clientDirectory, id);
  await rm(target, { recursive: true, force: true });
  await mkdir(clientDirectory, { recursive: true });
  await cp(dirname(source), target, { recursive: true });
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 16);
  const name = `${id}_${hash}_bundle.js`;
  await rename(join(target, source.slice(dirname(source).length + 1)), join(target, name));
  return `/static/plugins/${id}/${name}`;
}
