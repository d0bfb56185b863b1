import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { root } from '../../build/command.ts';
import { handshakeEnvironment, hostPlatform, manifest } from '../packaging/built-bundle.ts';
import { median, rounded, type Measure } from './measure.ts';

const starts = 15;

/** Time from exec of the built executable to its handshake line. */
export async function measureHandshake(): Promise<Measure> {
  const executable = `${root}dist/stage/${manifest.server.executables[hostPlatform] ?? ''}`;
  const times: number[] = [];
  // The first start reads the file from disk; a server has just hashed it.
  for (let i = 0; i <= starts; i++) times.push(await startOnce(executable));
  const ours = rounded(median(times.slice(1)));
  return { name: 'handshake', unit: 'ms', ours, peer: null, peerName: null, goal: 100 };
}

async function startOnce(executable: string): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(executable, {
    env: { ...process.env, ...handshakeEnvironment },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let ms: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (ms === undefined && line.startsWith('1|1|unix|')) ms = performance.now() - startedMs;
    child.kill('SIGKILL');
  }
  if (ms === undefined) throw new Error(`${executable} printed no handshake`);
  return ms;
}

/** Size of the bundle that carries both platforms. */
export async function measureBundle(): Promise<Measure> {
  const { size } = await stat(`${root}dist/${manifest.id}-${manifest.version}.tar.gz`);
  const ours = rounded(size / 2 ** 20);
  return { name: 'bundle', unit: 'MiB', ours, peer: null, peerName: null, goal: 95 };
}
