import { consolePages, makeProblem, say, type KnownSentence, type Problem } from '../api/index.ts';
import { codeOf, errorText, isDiskFull } from '../lib/runtime/index.ts';
import { StoreError } from '../lib/tsdb/index.ts';
import { DataDirectoryError } from './places/index.ts';

/** Why a node cannot begin to collect. */
export function startProblem(error: unknown): Problem {
  const code = codeOf(error) ?? 'START_FAILED';
  const isFull = code === 'TSDB_DISK_FULL' || isDiskFull(error);
  return makeProblem({
    code: isFull ? 'TSDB_DISK_FULL' : code,
    severity: 'error',
    ...(isFull ? full : tellingOf(error, code)),
    link: consolePages.plugin,
  });
}

type AdviceId =
  'start.disk.advice' | 'start.open-files.advice' | 'start.refused.advice' | 'start.unknown.advice';

/** Codes of a file or directory that is there and may not be used. */
const refused: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

interface Told {
  message: KnownSentence;
  advice: KnownSentence;
}

const full: Told = { message: say('start.full'), advice: say('start.full.advice') };

function tellingOf(error: unknown, code: string): Told {
  const system = error instanceof StoreError ? codeOf(error.cause) : undefined;
  if (error instanceof DataDirectoryError) {
    return { message: error.sentence, advice: say('start.place.advice') };
  }
  if (error instanceof StoreError && code === 'TSDB_LOCKED') {
    const { pid } = error;
    const message =
      pid === undefined ? say('start.locked') : say('start.locked.by', { pid: String(pid) });
    return { message, advice: say('start.locked.advice') };
  }
  return { message: messageOf(error), advice: say(adviceOf(system ?? code)) };
}

/** The log's own code says what failed, and that of the system why. */
function messageOf(error: unknown): KnownSentence {
  if (!(error instanceof StoreError) || error.code !== 'TSDB_WAL_IO') {
    return say('start.failed', { reason: errorText(error) });
  }
  return say('tsdb.log', { reason: errorText(error.cause ?? error) });
}

/** A directory is chosen by its setting; what lies in one that could be written is not. */
function adviceOf(code: string): AdviceId {
  if (refused.has(code)) return 'start.refused.advice';
  if (code === 'EMFILE' || code === 'ENFILE') return 'start.open-files.advice';
  return isOfSystem(code) || code === 'TSDB_WAL_IO' ? 'start.disk.advice' : 'start.unknown.advice';
}

/** Whether a code is one of the operating system, such as `EIO`. */
function isOfSystem(code: string): boolean {
  return /^E[A-Z0-9]+$/.test(code);
}
