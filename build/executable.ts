import { chmod, copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { run } from './command.ts';
import { executablePath, libraryPath, type Platform } from './platforms.ts';
import { copyLibraries } from './libraries.ts';
import { fetchRuntime } from './runtime.ts';
import type { ServerBundle } from './server.ts';

/** Options of Node that the executable always runs with. */
export const nodeOptions = [
  // It must not open a debugger.
  '--disable-sigusr1',
  // Certificates are those that the system trusts.
  '--use-system-ca',
  // Megabytes of the young generation: the engine would let it grow to 16 over days and keep that.
  '--max-semi-space-size=4',
  // Streams free their buffers behind them: `BufferSweep` of `lib/runtime`.
  '--expose-gc',
];

/**
 * The system's own libraries come first: a system with a newer libstdc++ than ours must use it,
 * one without any finds ours beside the executable.
 */
function runPath(platform: Platform): string {
  const { triplet, name } = platform;
  const system = ['/usr/lib64', '/lib64', `/usr/lib/${triplet}`, `/lib/${triplet}`];
  return [...system, '/usr/lib', '/lib', `$ORIGIN/lib/${name}`].join(':');
}

/**
 * Makes the executable of one platform and its libraries below `stage`, the bundle's root.
 * The order matters: strip (done by `fetchRuntime`), inject, patch the run path; a file that was
 * patched first does not survive the injection.
 */
export async function makeExecutable(
  platform: Platform,
  bundle: ServerBundle,
  stage: string,
  workDirectory: string,
): Promise<void> {
  const runtime = await fetchRuntime(platform);
  const directory = `${workDirectory}/${platform.name}`;
  await mkdir(directory, { recursive: true });
  // Relative names: the injected data carries the entry's path, and builds must not differ by it.
  await copyFile(bundle.main, `${directory}/main.mjs`);
  await copyFile(bundle.worker, `${directory}/worker.js`);
  const assets: Record<string, string> = { 'worker.js': 'worker.js' };
  const extra = bundle.tool === undefined ? {} : { 'metrics-store.js': bundle.tool };
  for (const [name, path] of Object.entries({ ...bundle.packages, ...extra })) {
    await copyFile(path, `${directory}/${name}`);
    assets[name] = name;
  }
  const config = {
    main: 'main.mjs',
    mainFormat: 'module',
    executable: runtime.binary,
    output: 'plugin',
    disableExperimentalSEAWarning: true,
    // It saves 9 ms of the start and makes two builds of one commit differ.
    useCodeCache: false,
    // Else the server's NODE_OPTIONS is obeyed by a process that has the server's rights.
    execArgvExtension: 'none',
    execArgv: nodeOptions,
    assets,
  };
  await writeFile(`${directory}/sea.json`, JSON.stringify(config));
  await run(process.execPath, ['--build-sea', 'sea.json'], { cwd: directory });
  await run('patchelf', ['--set-rpath', runPath(platform), 'plugin'], { cwd: directory });

  const target = `${stage}/${executablePath(platform)}`;
  await mkdir(`${stage}/server/dist`, { recursive: true });
  await rename(`${directory}/plugin`, target);
  await chmod(target, 0o755);
  await copyLibraries(platform, `${stage}/${libraryPath(platform)}`);
}
