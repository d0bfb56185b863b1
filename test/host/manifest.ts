import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from './app-error.ts';

/** The part of plugin.json that a server reads. */
export interface Manifest {
  id: string;
  name?: string;
  description?: string;
  version: string;
  min_server_version?: string;
  server?: { executable?: string; executables?: Record<string, string> };
  webapp?: { bundle_path: string };
  settings_schema?: { settings?: { key: string; default?: unknown }[] };
  props?: Record<string, unknown>;
}

const idForm = /^[a-zA-Z0-9-_.]{3,190}$/;
const versionForm = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/** Reads and checks the manifest of an unpacked bundle. */
export async function readManifest(directory: string): Promise<Manifest> {
  for (const name of ['plugin.yml', 'plugin.yaml']) {
    if (existsSync(join(directory, name)))
      throw bad('app.plugin.manifest.app_error', `${name}: only plugin.json is read here`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(join(directory, 'plugin.json'), 'utf8'));
  } catch (error) {
    throw bad('app.plugin.manifest.app_error', String(error));
  }
  const { id, version } = parsed as { id?: unknown; version?: unknown };
  if (typeof id !== 'string' || !idForm.test(id)) {
    throw bad('app.plugin.invalid_id.app_error', `id ${String(id)}`);
  }
  if (typeof version !== 'string' || !versionForm.test(version)) {
    throw bad('app.plugin.invalid_version.app_error', `version ${String(version)}`);
  }
  return { ...(parsed as Manifest), id: id.toLowerCase() };
}

/** File of the executable for this machine, below the bundle's directory. */
export function executableOf(manifest: Manifest): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const platform = `${process.platform}-${architecture}`;
  const file = manifest.server?.executables?.[platform] ?? manifest.server?.executable;
  if (file === undefined || file === '')
    throw new Error(`backend executable not found for ${platform}`);
  return file;
}

/** Defaults by lower-case key: what the server lays stored settings over. */
export function settingDefaults(manifest: Manifest): Record<string, unknown> {
  const settings = manifest.settings_schema?.settings ?? [];
  return Object.fromEntries(
    settings.map((setting) => [setting.key.toLowerCase(), setting.default ?? null]),
  );
}

/** Whether a server of `version` takes the plugin. */
export function meetsServerVersion(manifest: Manifest, version: string): boolean {
  const wanted = (manifest.min_server_version ?? '0.0.0').split('.').map(Number);
  const actual = version.split('.').map(Number);
  for (const [at, part] of wanted.entries()) {
    const difference = (actual[at] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function bad(id: string, detail: string): AppError {
  return new AppError({ id, where: 'installPluginLocally', detail, status: 400 });
}
