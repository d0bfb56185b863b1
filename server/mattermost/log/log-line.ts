import { codeOf, type LogFields, type LogValue } from '../../../lib/runtime/index.ts';
import {
  maxLogFields,
  maxLogMessageLength,
  maxLogValueLength,
  maxStderrLineBytes,
} from '../limits.ts';
import { redactField, redactText } from './redact.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A line that is safe to send anywhere: texts only, bounded, without secrets. */
export interface LogLine {
  level: LogLevel;
  message: string;
  /** Names and texts. */
  fields: readonly (readonly [string, string])[];
}

export function makeLogLine(level: LogLevel, message: string, fields: LogFields = {}): LogLine {
  return {
    level,
    message: cut(redactText(message), maxLogMessageLength),
    fields: Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .slice(0, maxLogFields)
      .map(([name, value]) => {
        return [name, cut(redactField(name, formatValue(value)), maxLogValueLength)] as const;
      }),
  };
}

/** A time as the server reads it from our stderr: it wants six digits of the second. */
export function toStderrTime(nowMs: number): string {
  return new Date(nowMs).toISOString().replace('Z', '000Z');
}

/** The line as the server reads it from our stderr, with the newline. */
export function toStderrLine(line: LogLine, time: string): string {
  const head = {
    '@level': line.level,
    '@message': line.message,
    '@timestamp': time,
  };
  // A field must not be able to replace one of the head.
  const fields = Object.fromEntries(
    line.fields.map(([name, text]) => [name.replace(/^@/, ''), text]),
  );
  const json = JSON.stringify({ ...fields, ...head });
  if (Buffer.byteLength(json) <= maxStderrLineBytes) return `${json}\n`;
  return `${JSON.stringify({ truncated: 'true', ...head })}\n`;
}

/** Errors by message and code, never by stack; causes belong to the message of whoever wraps them. */
function formatValue(value: LogValue): string {
  if (!(value instanceof Error)) return String(value);
  const code = codeOf(value);
  return code !== undefined ? `${value.message} (${code})` : value.message;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
