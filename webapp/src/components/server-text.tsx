import React from 'react';
import { useLocale } from '../i18n/use-text.ts';

/** A sentence of the server, which is English whatever the page's language is; screen readers want to know. */
export function ServerText({ text }: { text: string }) {
  return /^en\b/.test(useLocale()) ? <>{text}</> : <span lang="en">{text}</span>;
}
