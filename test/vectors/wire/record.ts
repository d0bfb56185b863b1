// Records what a Mattermost server sends to a plugin: `node test/vectors/wire/record.ts NAME HOST`,
// HOST being a program that test/conformance built. Writes NAME.bin.gz beside this file.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { packArchive } from '../../../build/archive.ts';
import { admin } from '../../conformance/bed.ts';
import { GoHost } from '../../conformance/go-host.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const probe = fileURLToPath(new URL('../../conformance/probe/', import.meta.url));

if (process.env['RECORD_TO'] === undefined) await record();
else await standBetween(process.env['RECORD_TO']);

/** Runs as the plugin: passes everything on to the real one and keeps what comes from the host. */
async function standBetween(file: string): Promise<void> {
  const child = spawn(process.execPath, [`${probe}main.ts`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.once('exit', (code) => process.exit(code ?? 1));
  const own = join(mkdtempSync(join(tmpdir(), 'record-')), 's');
  for await (const line of createInterface({ input: child.stdout })) {
    const path = line.split('|')[3] ?? '';
    createServer((host) => {
      const plugin = connect(path);
      host.on('data', (chunk) => appendFileSync(file, chunk));
      host.pipe(plugin).pipe(host);
    }).listen(own, () => process.stdout.write(`${line.replace(path, own)}\n`));
    break;
  }
}

async function record(): Promise<void> {
  const [name = '', program = ''] = process.argv.slice(2);
  const directory = mkdtempSync(join(tmpdir(), 'record-'));
  const file = `${directory}/host.bin`;
  const stage = `${directory}/stage`;
  await mkdir(stage);
  await copyFile(`${probe}plugin.json`, `${stage}/plugin.json`);
  const script = `#!/bin/sh\nRECORD_TO='${file}' exec '${process.execPath}' '${here}record.ts'\n`;
  await writeFile(`${stage}/plugin`, script);
  await chmod(`${stage}/plugin`, 0o755);
  const output = `${directory}/plugin.tar.gz`;
  const top = 'com.example.probe';
  const time = new Date(0);
  await packArchive({ directory: stage, top, output, time, extra: [], includes: () => true });
  const config = { ServiceSettings: { SiteURL: 'http://mattermost.example.com' } };
  const host = await GoHost.start(`${directory}/server`, output, config, { program });
  await host.control('POST', '/activate');
  await converse(host);
  await host.control('POST', '/deactivate');
  await host.quit();
  await writeFile(`${here}${name}.bin.gz`, gzipSync(await readFile(file), { level: 9 }));
  await rm(directory, { recursive: true });
}

/** What the test looks for: keep both in step. */
async function converse(host: GoHost): Promise<void> {
  const ask = async (path: string, init?: RequestInit) =>
    (await host.request(path, admin, init)).arrayBuffer();
  await ask('/api');
  await ask('/upload?x=1', { method: 'POST', body: 'hello', headers: { 'X-Own': 'a, b' } });
  await ask('/small');
  await host.control('POST', '/config', { PluginSettings: { Plugins: { a: { greeting: 'x' } } } });
  await host.control('POST', '/event?id=from-afar');
  await host.control('POST', `/support?dir=${encodeURIComponent(tmpdir())}`);
}
