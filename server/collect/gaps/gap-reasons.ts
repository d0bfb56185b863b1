import {
  makeProblem,
  say,
  toldAs,
  type KnownSentence,
  type Problem,
  type Sentence,
} from '../../../api/index.ts';

/** Why a scrape brought nothing. */
export interface GapReason {
  code: string;
  sentence: KnownSentence;
}

export const stoppedReason: GapReason = {
  code: 'COLLECTOR_STOPPED',
  sentence: say('gap.stopped'),
};

export const lostReason: GapReason = { code: 'SAMPLES_LOST', sentence: say('gap.lost') };

export const deletedReason: GapReason = {
  code: 'SYNC_BLOCKS_LOST',
  sentence: say('gap.deleted'),
};

/** A reason as it is noted, or as another node has noted it. */
export interface NotedReason {
  code: string;
  message: string;
  sentence?: Sentence;
}

export function noted({ code, sentence }: GapReason): NotedReason {
  return { code, ...toldAs(sentence) };
}

/** The problem that a ledger which cannot be written is. */
export function notSaved(reason: string): Problem {
  return makeProblem({
    code: 'GAP_LEDGER_NOT_SAVED',
    severity: 'warning',
    message: say('ledger.not-saved', { reason }),
    advice: say('ledger.not-saved.advice'),
  });
}

/** A stretch of time of which a block held the samples. */
export interface LostRange {
  readonly mint: number;
  readonly maxt: number;
}

/** Lost ranges that are closer are one gap: blocks begin with their first sample. */
const maxJoinedMs = 10 * 60_000;

/** Ranges in order of time, those that nearly touch as one. */
export function joinedRanges(ranges: readonly LostRange[]): LostRange[] {
  const joined: { mint: number; maxt: number }[] = [];
  for (const { mint, maxt } of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && mint - last.maxt < maxJoinedMs) last.maxt = Math.max(last.maxt, maxt);
    else joined.push({ mint, maxt });
  }
  return joined;
}
