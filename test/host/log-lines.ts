/** One line of the server's log. */
export interface HostLogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  /** Where the plugin wrote it: by the API, on its stderr, or the host itself. */
  source: 'api' | 'stderr' | 'host';
  fields: Readonly<Record<string, unknown>>;
}

type Level = HostLogLine['level'];

/** The server reads stderr in pieces of this size; a longer line is passed on unread. */
const maxLineBytes = 64 * 1024;
const levels: Readonly<Record<string, Level>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
};
const timestampForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

/** Reads a plugin's stderr as the server does: JSON lines by their fields, others by their prefix. */
export class StderrReader {
  readonly #onLine: (line: HostLogLine) => void;
  readonly #onViolation: (text: string) => void;
  #rest = Buffer.alloc(0);
  /** After a Go panic every further line without a prefix is an error. */
  #isPanicking = false;

  /** `onViolation` hears of lines that would make the real server panic. */
  constructor(onLine: (line: HostLogLine) => void, onViolation: (text: string) => void) {
    this.#onLine = onLine;
    this.#onViolation = onViolation;
  }

  push(chunk: Uint8Array): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const end = this.#rest.indexOf(0x0a);
      if (end < 0 && this.#rest.length < maxLineBytes) return;
      if (end < 0 || end >= maxLineBytes) {
        this.#emit('debug', this.#take(maxLineBytes, maxLineBytes));
      } else {
        this.#read(this.#take(end, end + 1));
      }
    }
  }

  end(): void {
    if (this.#rest.length > 0) this.#read(this.#take(this.#rest.length, this.#rest.length));
  }

  #take(count: number, drop: number): string {
    const text = this.#rest.subarray(0, count).toString();
    this.#rest = this.#rest.subarray(drop);
    return text;
  }

  #read(line: string): void {
    if (!this.#readJson(line)) this.#readPlain(line);
  }

  #readJson(line: string): boolean {
    const parsed = objectIn(line);
    if (parsed === undefined) return false;
    const { '@level': level, '@message': message, '@timestamp': timestamp, ...fields } = parsed;
    for (const [key, value] of Object.entries({ level, message, timestamp })) {
      if (value === undefined || typeof value === 'string') continue;
      this.#onViolation(`stderr line with @${key} that is no text: the server would panic`);
    }
    if (typeof timestamp === 'string' && !timestampForm.test(timestamp)) return false;
    const known = typeof level === 'string' ? levels[level.toLowerCase()] : undefined;
    if (known === undefined) this.#emit('debug', line);
    else this.#emit(known, typeof message === 'string' ? message : '', fields);
    return true;
  }

  #readPlain(line: string): void {
    const prefix = /^\[(TRACE|DEBUG|INFO|WARN|ERROR)\]\s*/.exec(line);
    if (prefix !== null) {
      const level = levels[prefix[1]!.toLowerCase()]!;
      this.#emit(level, line.slice(prefix[0].length));
      return;
    }
    if (/^(panic|fatal error): /.test(line)) this.#isPanicking = true;
    this.#emit(this.#isPanicking ? 'error' : 'debug', line);
  }

  #emit(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#onLine({ level, message, source: 'stderr', fields });
  }
}

/** The JSON object that a line is; undefined when it is none. */
function objectIn(line: string): Record<string, unknown> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  return isObject ? (parsed as Record<string, unknown>) : undefined;
}
