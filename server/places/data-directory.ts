import { access, realpath, rm, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { consolePages, type Problem } from '../../api/index.ts';
import { codeOf, makeDirectory } from '../../lib/runtime/index.ts';

/** Below the server's file directory, when the configured place cannot be used. */
const fallbackName = 'mattermost-plugin-metrics/data';

const pluginPage = consolePages.plugin;

/** What decides where the store lives. */
export interface DataDirectoryChoice {
  /** As configured; relative to `workingDirectory`. */
  dbPath: string;
  /** The server's working directory, which the plugin process inherits. */
  workingDirectory: string;
  /** `FileSettings.Directory`; relative to the working directory. */
  fileDirectory: string;
  /** The unpacked bundle: an upgrade wipes it, so data must never be inside; empty when unknown. */
  bundlePath: string;
}

/** No directory can be written. `code` is `DATA_DIRECTORY_UNUSABLE`. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
  readonly code = 'DATA_DIRECTORY_UNUSABLE';
}

/**
 * Creates and returns the directory for the store: the configured one, or the fallback with a
 * problem that says why. Throws {@link DataDirectoryError} when neither can be written.
 */
export async function chooseDataDirectory(
  choice: DataDirectoryChoice,
): Promise<{ path: string; problems: Problem[] }> {
  const wanted = resolve(choice.workingDirectory, choice.dbPath);
  const refusal = await whyUnusable(wanted, choice.bundlePath);
  const fallback = join(resolve(choice.workingDirectory, choice.fileDirectory), fallbackName);
  if (refusal === undefined) {
    return wanted === fallback || !(await holdsStore(fallback))
      ? { path: wanted, problems: [] }
      : besideFallback(wanted, fallback);
  }
  const second = await whyUnusable(fallback, choice.bundlePath);
  if (second !== undefined) {
    throw new DataDirectoryError(
      `Metrics cannot be stored: ${wanted} ${refusal}, and ${fallback} ${second}.`,
    );
  }
  return { path: fallback, problems: [fallbackProblem(wanted, refusal, fallback)] };
}

/** Both places can be written, and an earlier run had to use the fallback: its data must not be lost. */
async function besideFallback(
  wanted: string,
  fallback: string,
): Promise<{ path: string; problems: Problem[] }> {
  const isSplit = await holdsStore(wanted);
  const problem: Problem = {
    code: isSplit ? 'DATA_DIRECTORY_SPLIT' : 'DATA_DIRECTORY_KEPT',
    severity: 'warning',
    message: isSplit
      ? `Metrics from a time when ${wanted} could not be written lie in ${fallback} and are in no dump.`
      : `Metrics are kept in ${fallback}, where they went while ${wanted} could not be written.`,
    advice: isSplit
      ? `Stop the plugin, move the block directories of ${fallback} into ${wanted}, delete the rest of it, and start the plugin.`
      : `To use ${wanted}, stop the plugin, move the content of ${fallback} there, and start the plugin.`,
    link: pluginPage,
  };
  return { path: isSplit ? wanted : fallback, problems: [problem] };
}

function fallbackProblem(wanted: string, refusal: string, fallback: string): Problem {
  return {
    code: 'DATA_DIRECTORY_FALLBACK',
    severity: 'warning',
    message: `The data directory ${wanted} ${refusal}; metrics are kept in ${fallback} instead.`,
    advice:
      'Set DBPath to a directory that the Mattermost server can write and that outlives restarts.',
    link: pluginPage,
  };
}

/** End of the sentence "the directory …", or undefined when files can be written there. */
async function whyUnusable(path: string, bundlePath: string): Promise<string | undefined> {
  try {
    await makeDirectory(path, 0o750);
    if (bundlePath !== '' && isInside(await realpath(path), await realpath(bundlePath))) {
      return 'lies inside the plugin, which an upgrade replaces';
    }
    await probe(path);
    return undefined;
  } catch (error) {
    // Going elsewhere would leave behind what is in here; room will be made.
    if (isDiskFull(error) && (await holdsStore(path))) return undefined;
    return reasonOf(error);
  }
}

/** Writes a file into the directory, or throws why that cannot be. */
async function probe(directory: string): Promise<void> {
  const path = join(directory, `.probe-${String(process.pid)}`);
  try {
    await writeFile(path, 'x', { mode: 0o600 });
  } finally {
    await rm(path, { force: true });
  }
}

function isDiskFull(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Whether a store was kept here before. */
function holdsStore(directory: string): Promise<boolean> {
  return access(join(directory, 'wal')).then(
    () => true,
    () => false,
  );
}

function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory + sep);
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'may not be written by the server';
    case 'EROFS':
      return 'is on a read-only file system';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'is on a full disk';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'is not a directory';
    default:
      return `cannot be written (${typeof code === 'string' ? code : String(error)})`;
  }
}
