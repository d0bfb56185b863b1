import { consolePages, type Problem } from '../../api/index.ts';
import type { StoreProblem } from '../../lib/tsdb/index.ts';

/** What an administrator can do about a problem of the store, by its code. */
const adviceOfCode: Readonly<Record<string, string>> = {
  TSDB_BAD_BLOCK:
    'Move the block out of the data directory; if it is in the file store, nothing is lost.',
  TSDB_WAL_REPAIRED: 'Nothing has to be done; the rest of the log is kept beside it for support.',
  TSDB_DISK_FULL: 'Free disk space for the data directory; collecting resumes by itself.',
  TSDB_WAL_IO: 'Check the disk of the data directory; collecting resumes by itself.',
  TSDB_MERGE_FAILED:
    'Nothing is lost. Check the disk of the data directory; a block that is damaged can be moved out of it.',
  TSDB_DELETE_FAILED:
    'Nothing is lost. Check the disk of the data directory and who owns the files in it.',
  TSDB_CUT_FAILED: 'Check the disk of the data directory; the plugin tries again by itself.',
};

/** Codes that mean that samples are being lost now. */
const errorCodes: ReadonlySet<string> = new Set(['TSDB_DISK_FULL', 'TSDB_WAL_IO']);

/** A problem of the store as the status shows it. */
export function storeProblem({ code, message }: StoreProblem): Problem {
  return {
    code,
    severity: errorCodes.has(code) ? 'error' : 'warning',
    message,
    advice: adviceOfCode[code] ?? 'The server log has more.',
    // Where the data directory and its size are set.
    link: consolePages.plugin,
  };
}
