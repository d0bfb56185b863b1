import { inEnglish, say, type KnownSentence } from '../../api/index.ts';

/** A line of a setting that cannot be used. The sentence never repeats what stands in it. */
export interface LineError {
  /** Counted from 1. */
  line: number;
  mistake: KnownSentence;
}

/** What a setting of several lines says. */
export interface SettingLines<Value> {
  value: Value;
  errors: LineError[];
}

/** Thrown while a line is read, and told with its number. */
export class LineRefusal extends Error {
  override readonly name = 'LineRefusal';
  readonly code = 'SETTING_LINE';
  readonly mistake: KnownSentence;

  constructor(mistake: KnownSentence) {
    super(inEnglish(mistake));
    this.mistake = mistake;
  }
}

export function refuseLine(mistake: KnownSentence): never {
  throw new LineRefusal(mistake);
}

/**
 * Hands each line that says something to `read`; empty lines and those that start with `#` say
 * nothing. A line that is refused leaves the others alone.
 */
export function readLines(text: string, read: (line: string, number: number) => void): LineError[] {
  const errors: LineError[] = [];
  for (const [at, content] of text.split('\n').entries()) {
    const line = content.trim();
    if (line === '' || line.startsWith('#')) continue;
    try {
      read(line, at + 1);
    } catch (error) {
      if (!(error instanceof LineRefusal)) throw error;
      errors.push({ line: at + 1, mistake: error.mistake });
    }
  }
  return errors;
}

/** A name that one setting gives and another uses. */
export function readName(text: string): string {
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(text)) return text;
  return refuseLine(say('line.name'));
}
