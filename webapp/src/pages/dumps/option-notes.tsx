import React from 'react';
import { useText, type Text } from '../../i18n/use-text.ts';
import type { OptionNotesOf } from './options.ts';

/** What a dump leaves out or changes, one short text for each; nothing for a plain one. */
export function OptionNotes({ notes }: { notes: OptionNotesOf }) {
  const say = useText();
  const texts = optionTexts(notes, say);
  if (texts.length === 0) {
    return null;
  }
  return (
    <ul className="mmx-notes">
      {texts.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}

/** The same in one line. */
export function optionTexts(notes: OptionNotesOf, say: Text): string[] {
  const { nodes, jobs, metrics, stepSeconds, isRedacted } = notes;
  const some = (id: 'hosts' | 'jobs' | 'metrics', names: string[]) =>
    names.length === 0 ? [] : [say(`mmx.notes.${id}`, { names: names.join(', ') })];
  return [
    ...some('hosts', nodes),
    ...some('jobs', jobs),
    ...some('metrics', metrics),
    ...(stepSeconds > 0 ? [say('mmx.notes.step', { step: stepText(stepSeconds) })] : []),
    ...(isRedacted ? [say('mmx.notes.redacted')] : []),
  ];
}

/** Whole minutes as such: `5 min`, `90 s`. */
export function stepText(seconds: number): string {
  return seconds % 60 === 0 ? `${String(seconds / 60)}\u00a0min` : `${String(seconds)}\u00a0s`;
}
