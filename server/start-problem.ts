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

interface Told {
  message: KnownSentence;
  advice: KnownSentence;
}

const full: Told = { message: say('start.full'), advice: say('start.full.advice') };

function tellingOf(error: unknown, code: string): Told {
  if (error instanceof DataDirectoryError) {
    return { message: error.sentence, advice: say('start.place.advice') };
  }
  if (error instanceof StoreError && code === 'TSDB_LOCKED') {
    const { pid } = error;
    const message =
      pid === undefined ? say('start.locked') : say('start.locked.by', { pid: String(pid) });
    return { message, advice: say('start.locked.advice') };
  }
  const message = say('start.failed', { reason: errorText(error) });
  const isUnknown = code === 'START_FAILED';
  return { message, advice: say(isUnknown ? 'start.unknown.advice' : 'start.place.advice') };
}
