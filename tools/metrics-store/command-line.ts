import { parseArgs } from 'node:util';

import { errorText } from '../../lib/runtime/index.ts';
import { isUlid } from '../../lib/tsdb/index.ts';
import { UsageError } from './errors.ts';
import { defaultLimit, help } from './help.ts';
import { parseSelector, type Selector } from './selector.ts';

export const subjects = ['blocks', 'series', 'samples', 'labels', 'chunks', 'wal', 'gaps'] as const;
export type Subject = (typeof subjects)[number];

export interface InspectCommand {
  readonly kind: 'inspect';
  readonly dir: string;
  readonly subject: Subject;
  /** Name of a label, for `labels`. */
  readonly name: string | undefined;
  readonly select: Selector;
  readonly block: string | undefined;
  /** `[fromMs, toMs)`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
  readonly asJson: boolean;
}

export type Command =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'check'; readonly dir: string; readonly asJson: boolean }
  | InspectCommand;

/** What the arguments ask for; throws `UsageError`. */
export function parseCommandLine(args: readonly string[]): Command {
  const [verb, ...rest] = args;
  switch (verb) {
    case 'check':
      return parseCheck(rest);
    case 'inspect':
      return parseInspect(rest);
    case undefined:
      throw new UsageError('say what to do: check or inspect');
    case 'help':
    case '--help':
    case '-h':
      return { kind: 'help', text: help(rest[0]) };
    default:
      throw new UsageError(`unknown command: ${verb}`);
  }
}

function parseCheck(args: string[]): Command {
  const { values, positionals } = parse(args, {
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values['help'] === true) return { kind: 'help', text: help('check') };
  const [dir, ...more] = positionals;
  if (dir === undefined) throw new UsageError('check needs a directory');
  refuseMore(more);
  return { kind: 'check', dir, asJson: values['json'] === true };
}

function parseInspect(args: string[]): Command {
  const { values, positionals } = parse(args, {
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
    limit: { type: 'string' },
    block: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
  });
  if (values['help'] === true) return { kind: 'help', text: help('inspect') };
  const [dir, subject = 'blocks', argument, ...more] = positionals;
  if (dir === undefined) throw new UsageError('inspect needs a directory');
  if (!isSubject(subject)) {
    throw new UsageError(`cannot show ${subject}: there are ${subjects.join(', ')}`);
  }
  refuseMore(more);
  const takesSelector = ['series', 'samples', 'chunks'].includes(subject);
  if (argument !== undefined && !takesSelector && subject !== 'labels') refuseMore([argument]);
  return {
    ...{ kind: 'inspect', dir, subject },
    name: subject === 'labels' ? argument : undefined,
    select: parseSelector(takesSelector ? argument : undefined),
    block: parseBlock(text(values['block'])),
    fromMs: parseTime('--from', text(values['from'])) ?? -Infinity,
    toMs: parseTime('--to', text(values['to'])) ?? Infinity,
    limit: parseLimit(text(values['limit'])),
    asJson: values['json'] === true,
  };
}

type OptionKinds = Record<string, { type: 'boolean' | 'string'; short?: string }>;

function parse(args: string[], options: OptionKinds) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node's own sentence names the argument; its advice behind the first full stop is about dashes.
    throw new UsageError(errorText(error).replace(/\. To specify .*$/s, ''), { cause: error });
  }
}

function isSubject(word: string): word is Subject {
  return (subjects as readonly string[]).includes(word);
}

function refuseMore(more: readonly string[]): void {
  if (more.length > 0) throw new UsageError(`unknown argument: ${more.join(' ')}`);
}

function parseBlock(ulid: string | undefined): string | undefined {
  if (ulid !== undefined && !isUlid(ulid)) throw new UsageError(`--block ${ulid} is no ULID`);
  return ulid;
}

function parseLimit(limit: string | undefined): number {
  if (limit === undefined) return defaultLimit;
  if (!/^\d{1,12}$/.test(limit)) throw new UsageError(`--limit ${limit} is no number`);
  return limit === '0' ? Infinity : Number(limit);
}

/** Milliseconds since the epoch, or an ISO time; without a zone it is UTC. */
function parseTime(option: string, time: string | undefined): number | undefined {
  if (time === undefined) return undefined;
  if (/^-?\d+$/.test(time)) return Number(time);
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(time) || !time.includes('T');
  const parsed = /^\d{4}-/.test(time) ? Date.parse(hasZone ? time : `${time}Z`) : NaN;
  if (Number.isNaN(parsed)) throw new UsageError(`${option} ${time} is no time`);
  return parsed;
}

function text(value: string | boolean | (string | boolean)[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
