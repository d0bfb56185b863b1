import { useCallback } from 'react';
import { useIntl } from 'react-intl';
import messages from './en.json' with { type: 'json' };
import type { MessageId } from './translations.ts';

export type { MessageId };

export type Values = Record<string, string | number>;

/** Gives the text of a message in the reader's language; English where there is no translation. */
export type Text = (id: MessageId, values?: Values) => string;

export function useText(): Text {
  const intl = useIntl();
  return useCallback(
    (id, values) => intl.formatMessage({ id, defaultMessage: messages[id] }, values),
    [intl],
  );
}

/** The reader's language, for numbers and times. */
export function useLocale(): string {
  return useIntl().locale;
}
