import { access, realpath, rm, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import {
  consolePages,
  inEnglish,
  makeProblem,
  say,
  type KnownSentence,
  type Problem,
} from '../../api/index.ts';
import { codeOf, isDiskFull, makeDirectory } from '../../lib/runtime/index.ts';

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
  readonly sentence: KnownSentence;

  constructor(sentence: KnownSentence) {
    super(inEnglish(sentence));
    this.sentence = sentence;
  }
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
    const told = { wanted, reason: refusal, fallback, fallbackReason: second };
    throw new DataDirectoryError(say('directory.none', told));
  }
  return { path: fallback, problems: [fallbackProblem(wanted, refusal, fallback)] };
}

/** Both places can be written, and an earlier run had to use the fallback: its data must not be lost. */
async function besideFallback(
  wanted: string,
  fallback: string,
): Promise<{ path: string; problems: Problem[] }> {
  const isSplit = await holdsStore(wanted);
  const places = { wanted, fallback };
  const problem = makeProblem({
    code: isSplit ? 'DATA_DIRECTORY_SPLIT' : 'DATA_DIRECTORY_KEPT',
    severity: 'warning',
    message: say(isSplit ? 'directory.split' : 'directory.kept', places),
    advice: say(isSplit ? 'directory.split.advice' : 'directory.kept.advice', places),
    link: pluginPage,
  });
  return { path: isSplit ? wanted : fallback, problems: [problem] };
}

function fallbackProblem(wanted: string, reason: KnownSentence, fallback: string): Problem {
  return makeProblem({
    code: 'DATA_DIRECTORY_FALLBACK',
    severity: 'warning',
    message: say('directory.fallback', { wanted, reason, fallback }),
    advice: say('directory.fallback.advice'),
    link: pluginPage,
  });
}

/** End of the sentence "the directory …", or undefined when files can be written there. */
async function whyUnusable(path: string, bundlePath: string): Promise<KnownSentence | undefined> {
  try {
    await makeDirectory(path, 0o750);
    if (bundlePath !== '' && isInside(await realpath(path), await realpath(bundlePath))) {
      return say('directory.in-bundle');
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

function reasonOf(error: unknown): KnownSentence {
  const code = codeOf(error);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return say('directory.denied');
    case 'EROFS':
      return say('directory.read-only');
    case 'ENOSPC':
    case 'EDQUOT':
      return say('directory.full');
    case 'ENOTDIR':
    case 'EEXIST':
      return say('directory.no-directory');
    default:
      return say('directory.unwritable', { code: code ?? String(error) });
  }
}
