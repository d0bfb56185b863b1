/** A line of a setting that cannot be used. The message never repeats what stands in it. */
export interface LineError {
  /** Counted from 1. */
  line: number;
  message: string;
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
}

export function refuseLine(message: string): never {
  throw new LineRefusal(message);
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
      errors.push({ line: at + 1, message: error.message });
    }
  }
  return errors;
}

/** A name that one setting gives and another uses. */
export function readName(text: string): string {
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(text)) return text;
  return refuseLine('a name must be of 1 to 64 letters, digits, dots, dashes and underscores');
}
