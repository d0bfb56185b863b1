import messages from './en.json';

/** Messages for the host's provider. English is the only language so far, and so the closest one. */
export function translationsFor(): Record<string, string> {
  return messages;
}
