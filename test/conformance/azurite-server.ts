import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { root, run } from '../../build/command.ts';
import { eventually } from './checks.ts';
import { azureAccount, azureKey, azureSettings, bucket } from './objectstore-servers.ts';
import { freePort, isListening, startDaemon } from './processes.ts';
import type { StorageServer } from './s3-server.ts';

/** A package of its own, with its own lock: it weighs as much as everything else together. */
const manifests = `${root}test/conformance/azurite`;

/** Installs it once; returns the program. */
async function install(): Promise<string> {
  const manifest = JSON.parse(await readFile(`${manifests}/package.json`, 'utf8')) as {
    dependencies: { azurite: string };
  };
  const home = `${root}.cache/azurite-${manifest.dependencies.azurite}`;
  const program = `${home}/node_modules/azurite/dist/src/blob/main.js`;
  if (!existsSync(program)) {
    await mkdir(home, { recursive: true });
    for (const name of ['package.json', 'package-lock.json']) {
      await copyFile(`${manifests}/${name}`, `${home}/${name}`);
    }
    await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: home });
  }
  return program;
}

/** Starts Microsoft's own imitation of Azure Blob Storage, everything in its memory. */
export async function startAzurite(directory: string, host = '127.0.0.1'): Promise<StorageServer> {
  const program = await install();
  const port = await freePort();
  const args = [program, '--blobHost', host, '--blobPort', String(port), '--silent'];
  // The client may be newer than the imitation; what it asks for is old.
  args.push('--inMemoryPersistence', '--disableTelemetry', '--skipApiVersionCheck');
  const env = { ...process.env, AZURITE_ACCOUNTS: `${azureAccount}:${azureKey}` };
  const daemon = startDaemon(process.execPath, args, `${directory}/azurite.log`, env);
  const endpoint = `${host}:${port}`;
  await eventually('azurite listens', 30_000, () => isListening(endpoint));
  const { endpoint: address } = azureSettings(endpoint, '');
  const credential = new StorageSharedKeyCredential(azureAccount, azureKey);
  await new BlobServiceClient(address, credential).getContainerClient(bucket).create();
  return { endpoint, daemon };
}
