// `make dist`: the bundles that a server installs. usage: dist.ts [--platform linux-amd64]
import { copyFile, cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { Metafile } from 'esbuild';
import { packArchive } from './archive.ts';
import { root, run } from './command.ts';
import { makeExecutable } from './executable.ts';
import { writeNotices } from './notices.ts';
import { executablePath, libraryPath, platforms, type Platform } from './platforms.ts';
import { fetchRuntime } from './runtime.ts';
import { bundleServer } from './server.ts';
import { buildWebapp } from './webapp.ts';

/** The server refuses uploads above 100 MiB; the rest is reserve for what a form adds. */
const sizeLimitBytes = 95 * 2 ** 20;

const work = `${root}dist/work`;
const stage = `${root}dist/stage`;

interface Manifest {
  id: string;
  version: string;
  icon_path?: string;
  server: { executables: Record<string, string> };
  webapp: { bundle_path: string };
}

/** Builds everything below `dist/stage`, laid out as the server unpacks it. */
async function fillStage(manifest: Manifest, chosen: readonly Platform[]): Promise<void> {
  await rm(work, { recursive: true, force: true });
  await rm(stage, { recursive: true, force: true });
  await mkdir(stage, { recursive: true });
  const bundle = await bundleServer(work);
  const webapp = await buildWebapp({ outDir: `${work}/webapp`, minify: true });
  for (const platform of chosen) await makeExecutable(platform, bundle, stage, work);

  await cp(`${root}assets`, `${stage}/assets`, { recursive: true });
  const webappTarget = `${stage}/${manifest.webapp.bundle_path}`;
  await mkdir(dirname(webappTarget), { recursive: true });
  await copyFile(webapp.file, webappTarget);
  await copyFile(`${root}LICENSE`, `${stage}/LICENSE`);
  const runtimes = await Promise.all(chosen.map(fetchRuntime));
  const webappMeta = JSON.parse(await readFile(`${work}/webapp/meta.json`, 'utf8')) as Metafile;
  const metafiles = [...bundle.metafiles, webappMeta];
  await writeFile(
    `${stage}/NOTICE`,
    await writeNotices(metafiles, runtimes[0]?.licence ?? `${root}LICENSE`),
  );
}

/** Packs the bundle of `included`; its manifest names only the executables that are inside. */
async function pack(
  manifest: Manifest,
  included: readonly Platform[],
  suffix: string,
): Promise<string> {
  const output = `${root}dist/${manifest.id}-${manifest.version}${suffix}.tar.gz`;
  const executables = Object.fromEntries(
    included.map((platform) => [platform.name, executablePath(platform)]),
  );
  const shipped = { ...manifest, server: { ...manifest.server, executables } };
  const foreign = platforms
    .filter((platform) => !included.includes(platform))
    .flatMap((platform) => [executablePath(platform), `${libraryPath(platform)}/`]);
  await packArchive({
    directory: stage,
    top: manifest.id,
    output,
    time: await buildTime(),
    extra: [{ name: 'plugin.json', content: `${JSON.stringify(shipped, null, 2)}\n` }],
    includes: (name) => !foreign.some((path) => name === path || name.startsWith(path)),
  });
  const { size } = await stat(output);
  console.log(`${output.slice(root.length)}: ${(size / 2 ** 20).toFixed(1)} MiB`);
  if (size > sizeLimitBytes) {
    throw new Error(`${output} is larger than ${sizeLimitBytes / 2 ** 20} MiB: servers refuse it`);
  }
  return output;
}

/** Everything the manifest names must be in the bundle that carries it. */
async function checkStage(manifest: Manifest, chosen: readonly Platform[]): Promise<void> {
  const named = [
    manifest.webapp.bundle_path,
    ...(manifest.icon_path === undefined ? [] : [manifest.icon_path]),
    ...chosen.map(({ name }) => manifest.server.executables[name] ?? `executable of ${name}`),
  ];
  for (const path of named) await stat(`${stage}/${path}`);
}

/** The commit's time, so that two builds of one commit give the same bytes. */
async function buildTime(): Promise<Date> {
  const given = process.env['SOURCE_DATE_EPOCH'];
  const seconds = given ?? (await run('git', ['log', '-1', '--format=%ct']).catch(() => '0'));
  return new Date(Number(seconds) * 1000);
}

const { values } = parseArgs({ options: { platform: { type: 'string' } } });
const chosen = platforms.filter(({ name }) => (values.platform ?? name) === name);
if (chosen.length === 0) throw new Error(`no such platform: ${String(values.platform)}`);

const manifest = JSON.parse(await readFile(`${root}plugin.json`, 'utf8')) as Manifest;
await fillStage(manifest, chosen);
await checkStage(manifest, chosen);
await Promise.all(chosen.map((platform) => pack(manifest, [platform], `-${platform.name}`)));
if (chosen.length === platforms.length) await pack(manifest, chosen, '');
await rm(work, { recursive: true, force: true });
