import german from './de.json' with { type: 'json' };
import english from './en.json' with { type: 'json' };
import { serverSentences } from './server-sentences.ts';

export type MessageId = keyof typeof english;

/** Messages for the host's provider in the language closest to `locale`, such as `de` to `de-AT`. */
export function translationsFor(locale: string): Record<string, string> {
  const isGerman = /^de\b/i.test(locale);
  return { ...(isGerman ? german : english), ...serverSentences(isGerman) };
}
