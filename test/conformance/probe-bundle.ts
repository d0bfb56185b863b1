import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { packArchive } from '../../build/archive.ts';
import { nodeOptions } from '../../build/executable.ts';

const source = fileURLToPath(new URL('probe/', import.meta.url));

/** Packs the probe as a bundle that runs from source with the Node that runs us, as it would ship. */
export async function packProbe(directory: string): Promise<string> {
  const stage = `${directory}/probe`;
  const output = `${directory}/probe.tar.gz`;
  await rm(stage, { recursive: true, force: true });
  await mkdir(stage, { recursive: true });
  await copyFile(`${source}plugin.json`, `${stage}/plugin.json`);
  // The server's working directory and arguments do not matter to it.
  const options = nodeOptions.join(' ');
  const script = `#!/bin/sh\nexec '${process.execPath}' ${options} '${source}main.ts'\n`;
  await writeFile(`${stage}/plugin`, script, { mode: 0o755 });
  const time = new Date(0);
  const top = 'com.example.probe';
  await packArchive({ directory: stage, top, output, time, extra: [], includes: () => true });
  return output;
}
