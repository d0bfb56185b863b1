import { english, type SentenceId } from '../../../api/index.ts';
import germanJson from './de-server.json' with { type: 'json' };

/** The compiler holds that no sentence lacks its German. */
const german: Readonly<Record<SentenceId, string>> = germanJson;

/** What the server's sentences are called among the host's messages. */
const prefix = 'mmx.server.';

export function messageIdOf(id: SentenceId): string {
  return prefix + id;
}

/** The server's sentences for the host's provider. */
export function serverSentences(isGerman: boolean): Record<string, string> {
  const templates = Object.entries(isGerman ? german : english);
  return Object.fromEntries(templates.map(([id, text]) => [prefix + id, text]));
}

/** Whether this version of the console knows a sentence that some node told. */
export function isKnown(id: string): id is SentenceId {
  return Object.hasOwn(english, id);
}
