import { useCallback } from 'react';
import { useIntl } from 'react-intl';
import {
  english,
  isSentenceList,
  namesInTemplate,
  type Sentence,
  type SentenceValue,
} from '../../../api/index.ts';
import { formatBytes, formatCount, formatSpan } from '../format.ts';
import { useTimes } from '../zone/use-times.ts';
import { isKnown, messageIdOf } from './server-sentences.ts';

/**
 * Says a sentence of the server in the reader's language, its values in his units and zone. Null for one
 * that this version does not know, or knows with other values: then the English text beside it is shown.
 */
export function useSentence(): (sentence: Sentence | undefined) => string | null {
  const intl = useIntl();
  const times = useTimes();
  return useCallback(
    (sentence) => {
      const { locale } = intl;
      return sentence === undefined ? null : sayIn({ intl, locale, time: times.time }, sentence);
    },
    [intl, times],
  );
}

/** Something that was told in English, and as a sentence where the node knew that. */
interface Told {
  message: string;
  sentence?: Sentence;
}

/** As {@link useSentence}, in English where the sentence is not known; for texts within texts. */
export function useTelling(): (told: Told) => string {
  const say = useSentence();
  return useCallback(({ message, sentence }) => say(sentence) ?? message, [say]);
}

interface Speaker {
  intl: Pick<ReturnType<typeof useIntl>, 'formatMessage' | 'messages'>;
  locale: string;
  time: (ms: number) => string;
}

function sayIn(speaker: Speaker, { id, values }: Sentence): string | null {
  if (!isKnown(id)) return null;
  const message = { id: messageIdOf(id), defaultMessage: english[id] };
  const translated = speaker.intl.messages[message.id];
  const template = typeof translated === 'string' ? translated : message.defaultMessage;
  const told: Record<string, string | number> = {};
  for (const name of namesInTemplate(english[id])) {
    const text = valueIn(speaker, name, values[name], template.includes(`{${name},`));
    if (text === null) return null;
    told[name] = text;
  }
  return speaker.intl.formatMessage(message, told);
}

/** A number that a plural needs stays one. */
function valueIn(
  speaker: Speaker,
  name: string,
  value: SentenceValue | undefined,
  isChoice: boolean,
): string | number | null {
  if (value === undefined || typeof value === 'string') return value ?? null;
  if (typeof value === 'number') return isChoice ? value : numberIn(speaker, name, value);
  if (!isSentenceList(value)) return sayIn(speaker, value);
  const texts = value.map((one) => sayIn(speaker, one));
  return texts.includes(null) ? null : texts.join(', ');
}

function numberIn({ locale, time }: Speaker, name: string, value: number): string {
  if (name.endsWith('Bytes')) return formatBytes(value, locale);
  if (name.endsWith('Ms')) return formatSpan(value, locale);
  return name.endsWith('Time') ? time(value) : formatCount(value, locale);
}
