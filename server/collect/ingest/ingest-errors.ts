import { say, type KnownSentence } from '../../../api/index.ts';
import { ExpositionError, type ExpositionErrorCode } from '../../../lib/exposition/index.ts';
import { ScrapeError } from '../errors.ts';
import { storeError } from './store-errors.ts';

/** What is wrong with a line, by the codes of the parser. */
const mistakes: Partial<Record<ExpositionErrorCode, KnownSentence>> = {
  EXPOSITION_BAD_START: say('line.start'),
  EXPOSITION_BAD_LABEL: say('line.label'),
  EXPOSITION_BAD_LABEL_VALUE: say('line.label-value'),
  EXPOSITION_BAD_UTF8: say('line.utf8'),
  EXPOSITION_DUPLICATE_LABEL: say('line.duplicate-label'),
  EXPOSITION_BAD_VALUE: say('line.value'),
  EXPOSITION_VALUE_RANGE: say('line.value-range'),
  EXPOSITION_BAD_TIMESTAMP: say('line.timestamp'),
  EXPOSITION_BAD_TYPE: say('line.type'),
  EXPOSITION_BAD_METADATA: say('line.metadata'),
  EXPOSITION_BAD_UNIT: say('line.unit'),
  EXPOSITION_BAD_EXEMPLAR: say('line.exemplar'),
  EXPOSITION_NO_EOF: say('line.no-eof'),
  EXPOSITION_AFTER_EOF: say('line.after-eof'),
  EXPOSITION_CRLF: say('line.crlf'),
  EXPOSITION_LINE_LIMIT: say('line.too-long'),
  EXPOSITION_LABEL_LIMIT: say('line.labels'),
};

/** Why a body could not be stored, in the words of a scrape. */
export function ingestError(cause: unknown): ScrapeError {
  if (!(cause instanceof ExpositionError)) return storeError(cause);
  const what = mistakes[cause.code] ?? say('line.other');
  const where = { line: String(cause.line), what, excerpt: cause.excerpt };
  switch (cause.code) {
    case 'EXPOSITION_SAMPLE_LIMIT':
      return new ScrapeError('SCRAPE_SAMPLE_LIMIT', say('scrape.sample-limit'), { cause });
    case 'EXPOSITION_LABEL_LIMIT':
      return new ScrapeError('SCRAPE_LABEL_LIMIT', say('scrape.line-labels', where), { cause });
    case 'EXPOSITION_BODY_LIMIT':
      return new ScrapeError('SCRAPE_BODY_LIMIT', say('scrape.too-many-lines'), { cause });
    default:
      return new ScrapeError('SCRAPE_PARSE', say('scrape.bad-line', where), { cause });
  }
}
