import { BytesError } from '../../bytes/index.ts';
import { TsdbError } from '../errors.ts';

/**
 * `error`: data is damaged or lost, or a reader would refuse it. `warning`: nothing is lost, but
 * somebody should look. `note`: worth knowing.
 */
export type Severity = 'error' | 'warning' | 'note';

/** One thing that a check has found. */
export interface Finding {
  readonly severity: Severity;
  /** A code of `TsdbError` where a reader refused the bytes, else `CHECK_…`. */
  readonly code: string;
  /** File or directory, relative to the directory that is checked; `.` is that itself. */
  readonly path: string;
  /** Byte offset in the file. */
  readonly offset?: number;
  /** One sentence without full stop. */
  readonly message: string;
}

/** What a check has looked at, and how many findings of each severity there were. */
export interface CheckSummary {
  blocks: number;
  series: number;
  chunks: number;
  samples: number;
  walSegments: number;
  walRecords: number;
  walSamples: number;
  /** Bytes of all files that were read. */
  bytes: number;
  errors: number;
  warnings: number;
  notes: number;
}

/** Collects what is found: each finding goes to the caller at once, only the counts stay. */
export class Findings {
  readonly summary: CheckSummary = {
    ...{ blocks: 0, series: 0, chunks: 0, samples: 0 },
    ...{ walSegments: 0, walRecords: 0, walSamples: 0, bytes: 0 },
    ...{ errors: 0, warnings: 0, notes: 0 },
  };
  readonly #report: (finding: Finding) => void;

  constructor(report: (finding: Finding) => void) {
    this.#report = report;
  }

  error(code: string, path: string, message: string, offset?: number): void {
    this.summary.errors++;
    this.#tell('error', code, path, message, offset);
  }

  warning(code: string, path: string, message: string, offset?: number): void {
    this.summary.warnings++;
    this.#tell('warning', code, path, message, offset);
  }

  note(code: string, path: string, message: string, offset?: number): void {
    this.summary.notes++;
    this.#tell('note', code, path, message, offset);
  }

  /** Makes an error finding of what a reader or the file system threw; anything else is a bug. */
  thrown(path: string, error: unknown, offset?: number): void {
    if (error instanceof TsdbError) {
      this.error(error.code, path, error.message, error.offset ?? offset);
    } else if (error instanceof BytesError) {
      this.error('TSDB_CORRUPT', path, error.message, offset);
    } else if (isSystemError(error)) {
      this.error('CHECK_IO', path, `cannot be read: ${error.message}`);
    } else throw error;
  }

  /** Runs `work`; what it throws becomes a finding, and the result is undefined. */
  guard<T>(path: string, work: () => T, offset?: number): T | undefined {
    try {
      return work();
    } catch (error) {
      this.thrown(path, error, offset);
      return undefined;
    }
  }

  #tell(severity: Severity, code: string, path: string, message: string, offset?: number): void {
    this.#report({
      ...{ severity, code, path },
      ...(offset === undefined ? {} : { offset }),
      message,
    });
  }
}

/** Told by its shape, because an error may come from another realm. */
function isSystemError(error: unknown): error is Error & { code: string } {
  if (typeof error !== 'object' || error === null) return false;
  return 'syscall' in error && 'code' in error && typeof error.code === 'string';
}

/** A text of the data in a sentence: quoted, cut, on one line. */
export function quoted(text: string): string {
  const longest = 80;
  return JSON.stringify(text.length > longest ? `${text.slice(0, longest)}…` : text);
}
