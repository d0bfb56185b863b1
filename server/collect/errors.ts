import { inEnglish, type KnownSentence } from '../../api/index.ts';

/**
 * Codes of {@link ScrapeError}: why a scrape brought nothing. `SCRAPE_HTTP_<status>` stands for
 * any other answer than 200. The sentences are in `reasons.ts`.
 */
export type ScrapeErrorCode =
  | 'SCRAPE_REFUSED'
  | 'SCRAPE_UNREACHABLE'
  | 'SCRAPE_RESET'
  | 'SCRAPE_TIMEOUT'
  | 'SCRAPE_DNS'
  | `SCRAPE_HTTP_${number}`
  | 'SCRAPE_TLS'
  | 'SCRAPE_FORBIDDEN'
  | 'SCRAPE_CONTENT_TYPE'
  | 'SCRAPE_BAD_RESPONSE'
  | 'SCRAPE_BAD_ENCODING'
  | 'SCRAPE_TRUNCATED'
  | 'SCRAPE_BODY_LIMIT'
  | 'SCRAPE_BODY_BUDGET'
  | 'SCRAPE_MEMORY_LIMIT'
  | 'SCRAPE_SAMPLE_LIMIT'
  | 'SCRAPE_SERIES_LIMIT'
  | 'SCRAPE_LABEL_LIMIT'
  | 'SCRAPE_LABEL_NAME_LIMIT'
  | 'SCRAPE_LABEL_VALUE_LIMIT'
  | 'SCRAPE_PARSE'
  | 'SCRAPE_DISK_FULL'
  | 'SCRAPE_STORE_FAILED'
  | 'SCRAPE_CLOCK_BACKWARDS'
  | 'SCRAPE_STOPPED'
  | 'SCRAPE_FAILED';

/** A scrape that brought nothing, with what the administrator is told. */
export class ScrapeError extends Error {
  override readonly name = 'ScrapeError';
  readonly code: string;
  readonly sentence: KnownSentence;

  constructor(code: ScrapeErrorCode, sentence: KnownSentence, options?: ErrorOptions) {
    super(inEnglish(sentence), options);
    this.code = code;
    this.sentence = sentence;
  }
}

/** Stands for a scrape that is not even tried, with the reason that the target carries. */
export class BlockedScrape extends ScrapeError {
  override readonly code: string;

  constructor(blocked: { code: string; sentence: KnownSentence }) {
    super('SCRAPE_FAILED', blocked.sentence);
    this.code = blocked.code;
  }
}
