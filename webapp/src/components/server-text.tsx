import React from 'react';
import type { Sentence } from '../../../api/index.ts';
import { useSentence } from '../i18n/use-sentence.ts';
import { useLocale } from '../i18n/use-text.ts';

export interface ServerTextProps {
  /** In English, as every version tells it. */
  text: string;
  sentence: Sentence | undefined;
}

/**
 * What the server says, in the reader's language. What this version of the console cannot say, such as a
 * sentence of a newer node, stays English, and screen readers are told so.
 */
export function ServerText({ text, sentence }: ServerTextProps) {
  const say = useSentence();
  const isEnglish = /^en\b/.test(useLocale());
  const said = say(sentence);
  if (said !== null) return <>{said}</>;
  return isEnglish ? <>{text}</> : <span lang="en">{text}</span>;
}
