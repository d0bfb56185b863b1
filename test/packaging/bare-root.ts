import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdir, realpath } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { handshakeEnvironment } from './built-bundle.ts';

const exec = promisify(execFile);

/** glibc and nothing else: the loader and the libraries that come in the same package. */
const glibc = [
  'libc.so.6',
  'libm.so.6',
  'libdl.so.2',
  'libpthread.so.0',
  'librt.so.1',
  'libresolv.so.2',
];
const loaders: Record<string, string> = {
  x64: '/lib64/ld-linux-x86-64.so.2',
  arm64: '/lib/ld-linux-aarch64.so.1',
};
const triplets: Record<string, string> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** Fills `directory` with glibc, mount points, an empty /tmp and the bundle's files below /bundle. */
export async function makeBareRoot(directory: string, bundle: string): Promise<void> {
  const libraries = `/lib/${triplets[process.arch] ?? ''}`;
  const loader = loaders[process.arch] ?? '';
  for (const name of ['proc', 'dev', 'tmp', 'bundle', 'lib64', libraries]) {
    await mkdir(`${directory}/${name}`, { recursive: true });
  }
  await copyFile(await realpath(loader), `${directory}${loader}`);
  for (const name of glibc) {
    await copyFile(await realpath(`${libraries}/${name}`), `${directory}${libraries}/${name}`);
  }
  await exec('tar', ['-xzf', bundle, '-C', `${directory}/bundle`, '--strip-components=1']);
}

/** One start of a program up to its handshake line. */
export interface Start {
  line: string;
  /** From exec to the line. */
  ms: number;
  /** What stderr said up to the end of the process. */
  stderr: string;
  /** How the process ended after its input, and so its host, went away. */
  ending: string;
}

/** Starts `program` inside `directory` as its root, with /proc and /dev of the machine. */
export async function startInRoot(
  directory: string,
  program: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Start> {
  // The mounts are in a namespace of their own and vanish with the process. The word `mounted` comes
  // right before exec, so that the time is the program's own.
  const script =
    'mount --bind /proc "$1/proc" && mount --rbind /dev "$1/dev" && echo mounted && exec chroot "$1" "$2"';
  const child = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', directory, program], {
    env: { PATH: process.env['PATH'], ...handshakeEnvironment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(String(code ?? signal)));
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let startedMs = 0;
  let line = '';
  let ms = 0;
  for await (const text of createInterface({ input: child.stdout })) {
    if (text === 'mounted') {
      startedMs = performance.now();
      continue;
    }
    line = text;
    ms = performance.now() - startedMs;
    child.kill('SIGKILL');
  }
  return { line, ms, stderr, ending: await ended };
}
