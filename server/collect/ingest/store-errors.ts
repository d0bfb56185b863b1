import { say } from '../../../api/index.ts';
import { codeOf, errorText } from '../../../lib/runtime/index.ts';
import { ScrapeError } from '../errors.ts';

/** What a failure of the store means to a scrape; errors that are no failure of the store pass. */
export function storeError(cause: unknown): ScrapeError {
  switch (codeOf(cause)) {
    case 'TSDB_DISK_FULL':
      return new ScrapeError('SCRAPE_DISK_FULL', say('scrape.disk-full'), { cause });
    case 'TSDB_SERIES_LIMIT':
      return new ScrapeError('SCRAPE_SERIES_LIMIT', say('scrape.series-limit'), { cause });
    case 'TSDB_BAD_LABELS':
      return new ScrapeError('SCRAPE_PARSE', say('scrape.bad-labels'), { cause });
    case 'TSDB_CLOSED':
      return new ScrapeError('SCRAPE_STOPPED', say('scrape.store-closed'), { cause });
    default:
      return cause instanceof ScrapeError ? cause : unexpectedError(cause);
  }
}

function unexpectedError(cause: unknown): ScrapeError {
  const code = codeOf(cause);
  if (code?.startsWith('TSDB_') === true) {
    return new ScrapeError('SCRAPE_STORE_FAILED', say('scrape.store-failed', { code }), { cause });
  }
  const reason = errorText(cause);
  return new ScrapeError('SCRAPE_FAILED', say('scrape.defect.reason', { reason }), { cause });
}
