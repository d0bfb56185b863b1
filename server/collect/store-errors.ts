import { codeOf } from '../../lib/runtime/index.ts';
import { ScrapeError } from './errors.ts';

/** What a failure of the store means to a scrape; errors that are no failure of the store pass. */
export function storeError(error: unknown): ScrapeError {
  switch (codeOf(error)) {
    case 'TSDB_DISK_FULL':
      return new ScrapeError('SCRAPE_DISK_FULL', 'The disk is full.', { cause: error });
    case 'TSDB_SERIES_LIMIT':
      return new ScrapeError(
        'SCRAPE_SERIES_LIMIT',
        'The store has as many series as it may have; this answer needs more.',
        { cause: error },
      );
    case 'TSDB_BAD_LABELS':
      return new ScrapeError('SCRAPE_PARSE', 'A series has labels that cannot be stored.', {
        cause: error,
      });
    case 'TSDB_CLOSED':
      return new ScrapeError('SCRAPE_STOPPED', 'The store is closed.', { cause: error });
    default:
      return error instanceof ScrapeError ? error : unexpectedError(error);
  }
}

function unexpectedError(error: unknown): ScrapeError {
  const code = codeOf(error);
  if (code?.startsWith('TSDB_') === true) {
    return new ScrapeError('SCRAPE_STORE_FAILED', `The store failed (${code}).`, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new ScrapeError('SCRAPE_FAILED', `The scrape failed unexpectedly (${message}).`, {
    cause: error,
  });
}
