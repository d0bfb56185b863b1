import type { Sentence } from './sentence.ts';

/** Body of every answer that is not a success. `code` is stable; the texts may change. */
export interface ApiError {
  /** Upper snake case, for programs: `DUMP_RANGE_EMPTY`. */
  code: string;
  /** One sentence for the administrator: what is wrong and what to do. */
  message: string;
  /** What a support engineer wants to know besides; empty when there is nothing. */
  detail: string;
  /** The message for other languages; absent in what an older version wrote. */
  sentence?: Sentence;
}
