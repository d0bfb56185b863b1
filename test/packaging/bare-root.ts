import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { executablePath } from '../../build/platforms.ts';
import { PluginConnection } from '../../lib/goplugin/index.ts';
import { bundleOf, handshakeEnvironment } from './built-bundle.ts';
import type { RootSystem } from './systems.ts';
import { processCpuMs } from '../bench/process-cpu.ts';

const exec = promisify(execFile);

/** Device nodes of every container; there is no /dev/shm and no terminal. */
const devices = ['null', 'zero', 'full', 'random', 'urandom'];

/** A start that takes longer hangs; emulation takes a few seconds, and many on a busy machine. */
const hangMs = 150_000;

/** How a program is started in a root; as root with everything writable unless told. */
export interface StartOptions {
  env?: NodeJS.ProcessEnv;
  args?: string[];
  /** User and group id. */
  userId?: number;
  /** The bundle is mounted read-only. */
  isReadOnly?: boolean;
}

/** One start of a program up to its handshake line, and its end. */
export interface Start {
  line: string;
  /** From exec to the line. */
  ms: number;
  /** What the process took of the processors until then, which a busy machine does not lengthen. */
  cpuMs: number;
  /** What stderr said up to the end of the process. */
  stderr: string;
  /** Files the process had mapped when the line was out, as paths inside the root. */
  mapped: string[];
  /** How the process ended after its host said goodbye. */
  ending: string;
}

/**
 * A directory with one C library, one bundle, an empty /tmp and a directory /locked that only root may
 * write, to be the root of processes.
 */
export class BareRoot {
  readonly #directory: string;
  readonly #system: RootSystem;

  private constructor(directory: string, system: RootSystem) {
    this.#directory = directory;
    this.#system = system;
  }

  static async make(system: RootSystem): Promise<BareRoot> {
    const directory = await mkdtemp(join(tmpdir(), 'root-'));
    const { platform, loader, emulator } = system;
    const libraries = `/lib/${platform.triplet}`;
    for (const name of ['proc', 'dev', 'tmp', 'locked', 'bundle', 'lib64', libraries]) {
      await mkdir(`${directory}/${name}`, { recursive: true });
    }
    await chmod(`${directory}/tmp`, 0o1777);
    await chmod(`${directory}/locked`, 0o555);
    await chmod(directory, 0o755);
    for (const name of devices) await writeFile(`${directory}/dev/${name}`, '');
    const copy = async (name: string, target: string) =>
      copyFile(await realpath(`${system.directory}/${name}`), `${directory}${target}`);
    // Some systems keep the loader where its package puts it, others beside the libraries.
    await copy(basename(loader), loader).catch(() => copyFile(loader, `${directory}${loader}`));
    for (const name of system.libraries) await copy(name, `${libraries}/${name}`);
    if (emulator !== undefined) await copyFile(emulator, `${directory}/emulator`);
    const bundle = bundleOf(platform.name);
    await exec('tar', ['-xzf', bundle, '-C', `${directory}/bundle`, '--strip-components=1']);
    return new BareRoot(directory, system);
  }

  /** Where a path of the root is for us. */
  outside(path: string): string {
    return this.#directory + path;
  }

  remove(): Promise<void> {
    return rm(this.#directory, { recursive: true, force: true });
  }

  /** Starts the plugin; as its host pings it once and ends it. */
  async start(options: StartOptions = {}): Promise<Start> {
    const child = this.#spawn(options);
    const ended = new Promise<string>((resolve) => {
      child.once('close', (code, signal) => resolve(String(code ?? signal)));
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    let startedMs = 0;
    let line = '';
    let ms = 0;
    let cpuMs = 0;
    let mapped: string[] = [];
    for await (const text of createInterface({ input: child.stdout })) {
      if (text === 'mounted') {
        startedMs = performance.now();
        continue;
      }
      line = text;
      ms = performance.now() - startedMs;
      cpuMs = await processCpuMs(child.pid ?? 0);
      mapped = await this.#mapped(child.pid ?? 0);
      try {
        await this.#sayGoodbye(text.split('|')[3] ?? '');
      } catch (error) {
        stderr += String(error);
        child.kill('SIGKILL');
      }
    }
    return { line, ms, cpuMs, stderr, mapped, ending: await ended };
  }

  // The mounts are in a namespace of their own and vanish with the process. The word `mounted` comes
  // right before exec, so that the time is the program's own.
  #spawn(options: StartOptions): ChildProcessByStdio<null, Readable, Readable> {
    const { platform, emulator } = this.#system;
    const { userId = 0, isReadOnly = false, env, args: asked = [] } = options;
    const script = [
      'mount --bind /proc "$1/proc"',
      ...devices.map((name) => `mount --bind /dev/${name} "$1/dev/${name}"`),
      ...(isReadOnly
        ? ['mount --bind "$1/bundle" "$1/bundle"', 'mount -o remount,ro,bind "$1/bundle"']
        : []),
      'echo mounted',
      'root=$1; shift; exec chroot --userspec="$ids" "$root" "$@"',
    ].join(' && ');
    const program = [
      ...(emulator === undefined ? [] : ['/emulator']),
      `/bundle/${executablePath(platform)}`,
      ...asked,
    ];
    const args = ['--mount', 'sh', '-c', script, 'sh', this.#directory, ...program];
    const ids = `${userId}:${userId}`;
    return spawn('unshare', args, {
      env: { PATH: process.env['PATH'], ids, ...handshakeEnvironment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: hangMs,
      killSignal: 'SIGKILL',
    });
  }

  async #mapped(pid: number): Promise<string[]> {
    const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
    const paths = maps.split('\n').flatMap((entry) => / (\/.*)$/.exec(entry)?.[1] ?? []);
    return [...new Set(paths)].map((path) => path.replace(this.#directory, ''));
  }

  async #sayGoodbye(socketPath: string): Promise<void> {
    const socket = connect(this.outside(socketPath));
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.on('error', () => undefined);
    const host = new PluginConnection(socket);
    await host.ping();
    await host.quit();
  }
}
