// Makes dist/examples/com.example.hello.tar.gz for this machine: `node examples/hello/build.ts`.
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { packArchive } from '../../build/archive.ts';
import { root } from '../../build/command.ts';
import { makeExecutable } from '../../build/executable.ts';
import { platforms } from '../../build/platforms.ts';
import { bundleServer } from '../../build/server.ts';

const id = 'com.example.hello';
const here = fileURLToPath(new URL('.', import.meta.url));

/** Builds the example's bundle and returns its path. */
export async function buildHello(): Promise<string> {
  const stage = `${root}dist/examples/${id}`;
  const work = `${stage}.work`;
  const output = `${stage}.tar.gz`;
  const platform = platforms.find(({ name }) => name === `linux-${goArchitecture()}`);
  if (platform === undefined) throw new Error(`no plugin can be built for ${process.arch}`);
  await rm(stage, { recursive: true, force: true });
  await mkdir(stage, { recursive: true });
  // The example starts no threads; the executable still carries the code of one.
  const entries = { main: `${here}main.ts`, worker: `${root}lib/runtime/index.ts` };
  const bundle = await bundleServer(work, entries);
  await makeExecutable(platform, bundle, stage, work);
  await copyFile(`${here}plugin.json`, `${stage}/plugin.json`);
  await copyFile(`${root}LICENSE`, `${stage}/LICENSE`);
  const time = new Date(0);
  await packArchive({ directory: stage, top: id, output, time, extra: [], includes: () => true });
  await rm(work, { recursive: true, force: true });
  return output;
}

function goArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildHello());
