import { inEnglish } from './in-english.ts';
import type { KnownSentence } from './sentence.ts';
import type { Problem } from './status.ts';

/** What a problem is made of: sentences of the catalogue, from which every language is made. */
export interface ProblemParts extends Pick<Problem, 'code' | 'severity'> {
  message: KnownSentence;
  advice: KnownSentence;
  link?: string;
}

/** A problem that says the same in English and in the languages of the console. */
export function makeProblem({ code, severity, message, advice, link }: ProblemParts): Problem {
  const problem: Problem = {
    ...{ code, severity, message: inEnglish(message), advice: inEnglish(advice) },
    sentences: { message, advice },
  };
  return link === undefined ? problem : { ...problem, link };
}
