import german from './de.json' with { type: 'json' };
import english from './en.json' with { type: 'json' };

export type MessageId = keyof typeof english;

/** Messages for the host's provider in the language closest to `locale`, such as `de` to `de-AT`. */
export function translationsFor(locale: string): Record<MessageId, string> {
  return /^de\b/i.test(locale) ? german : english;
}
