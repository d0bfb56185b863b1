import { copyFile, mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { packArchive } from '../../build/archive.ts';
import { goProgram, root, run } from '../../build/command.ts';
import { makeExecutable } from '../../build/executable.ts';
import { executablePath, platforms } from '../../build/platforms.ts';
import { bundleServer } from '../../build/server.ts';
import { hostPlatform } from '../packaging/built-bundle.ts';

const probe = fileURLToPath(new URL('../conformance/probe/', import.meta.url));
const goSource = fileURLToPath(new URL('bridge-go/', import.meta.url));

/** The probe as it would ship: one executable. */
export async function packProbeExecutable(directory: string): Promise<string> {
  const stage = `${directory}/ours`;
  const platform = platforms.find(({ name }) => name === hostPlatform);
  if (platform === undefined) throw new Error(`no plugin can be built for ${hostPlatform}`);
  const entries = { main: `${probe}main.ts`, worker: `${root}lib/runtime/index.ts` };
  const bundle = await bundleServer(`${directory}/work`, entries);
  await makeExecutable(platform, bundle, stage, `${directory}/work`);
  // Its manifest names one executable for all systems.
  await copyFile(`${probe}plugin.json`, `${stage}/plugin.json`);
  await copyFile(`${stage}/${executablePath(platform)}`, `${stage}/plugin`);
  await rm(`${stage}/${executablePath(platform)}`);
  return pack(stage, `${directory}/ours.tar.gz`);
}

/** The same plugin in Go. */
export async function packGoPlugin(directory: string): Promise<string> {
  const stage = `${directory}/go`;
  await mkdir(stage, { recursive: true });
  await run(goProgram, ['build', '-o', `${stage}/plugin`, '.'], { cwd: goSource });
  await copyFile(`${probe}plugin.json`, `${stage}/plugin.json`);
  return pack(stage, `${directory}/go.tar.gz`);
}

async function pack(stage: string, output: string): Promise<string> {
  const top = 'com.example.probe';
  const time = new Date(0);
  await packArchive({ directory: stage, top, output, time, extra: [], includes: () => true });
  return output;
}
