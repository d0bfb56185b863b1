import {
  consolePages,
  makeProblem,
  say,
  type KnownSentence,
  type Problem,
} from '../../api/index.ts';
import type { StoreProblem } from '../../lib/tsdb/index.ts';

interface Told {
  message: KnownSentence;
  advice: KnownSentence;
}

/** What is said of a problem of the store, by its code; the reason is told in the store's words. */
const tellings: Readonly<Record<string, (problem: StoreProblem) => Told>> = {
  TSDB_BAD_BLOCK: (problem) => ({
    message: say('tsdb.bad-block', { block: problem.block ?? '', reason: reasonOf(problem) }),
    advice: say('tsdb.bad-block.advice'),
  }),
  TSDB_WAL_REPAIRED: (problem) => ({
    message: repaired(problem),
    advice: say('tsdb.repaired.advice'),
  }),
  TSDB_WAL_COMPRESSED: (problem) => ({
    message: repaired(problem),
    advice: say('tsdb.compressed.advice'),
  }),
  TSDB_DISK_FULL: () => ({
    message: say('tsdb.disk-full'),
    advice: say('tsdb.disk-full.advice'),
  }),
  TSDB_WAL_IO: (problem) => ({
    message: say('tsdb.log', { reason: reasonOf(problem) }),
    advice: say('tsdb.log.advice'),
  }),
  TSDB_MERGE_FAILED: (problem) => ({
    message: say('tsdb.merge', { reason: reasonOf(problem) }),
    advice: say('tsdb.merge.advice'),
  }),
  TSDB_DELETE_FAILED: (problem) => ({
    message: say('tsdb.delete', { reason: reasonOf(problem) }),
    advice: say('tsdb.delete.advice'),
  }),
  TSDB_CUT_FAILED: (problem) => ({
    message: say('tsdb.cut', { reason: reasonOf(problem) }),
    advice: say('tsdb.cut.advice'),
  }),
};

/** Codes that mean that samples are being lost now. */
const errorCodes: ReadonlySet<string> = new Set(['TSDB_DISK_FULL', 'TSDB_WAL_IO']);

/** A problem of the store as the status shows it. */
export function storeProblem(problem: StoreProblem): Problem {
  const { code } = problem;
  return makeProblem({
    code,
    severity: errorCodes.has(code) ? 'error' : 'warning',
    ...(tellings[code] ?? other)(problem),
    // Where the data directory and its size are set.
    link: consolePages.plugin,
  });
}

function repaired(problem: StoreProblem): KnownSentence {
  const { repair } = problem;
  if (repair === undefined) return say('tsdb.repaired', { reason: reasonOf(problem) });
  switch (repair.kind) {
    case 'torn':
      return say('tsdb.repaired.torn', placeOf(repair));
    case 'cut':
      return say('tsdb.repaired.cut', { ...placeOf(repair), reason: repair.reason });
    case 'moved': {
      const { aside, reason, segments: segmentCount } = repair;
      return say('tsdb.repaired.moved', { ...placeOf(repair), reason, segmentCount, aside });
    }
    case 'foreign': {
      const { aside, segment, segments: segmentCount } = repair;
      return say('tsdb.compressed', { segment, segmentCount, aside });
    }
    case 'hole':
      return say('tsdb.repaired.hole', { path: repair.path });
    case 'nameless':
      return say('tsdb.repaired.nameless', { sampleCount: repair.samples });
  }
}

function placeOf(damage: { segment: string; offset: number; bytes: number }) {
  const { bytes: lostBytes, offset, segment } = damage;
  return { segment, offset: String(offset), lostBytes };
}

function other(problem: StoreProblem): Told {
  const reason = reasonOf(problem);
  return { message: say('tsdb.other', { reason }), advice: say('tsdb.other.advice') };
}

function reasonOf({ message, reason }: StoreProblem): string {
  return reason ?? message;
}
