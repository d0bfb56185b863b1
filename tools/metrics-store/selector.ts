import { labelValue, type Labels } from '../../lib/tsdb/index.ts';
import { UsageError } from './errors.ts';

/** Whether a series is meant. */
export type Selector = (labels: Labels) => boolean;

const namePattern = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*/;
const matcherPattern =
  /^\s*(?:([a-zA-Z_][a-zA-Z0-9_]*)|"((?:[^"\\]|\\.)*)")\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))/;

/** Parses `name{label="value", other=~"regex"}`; without text every series is meant. */
export function parseSelector(text: string | undefined): Selector {
  if (text === undefined) return () => true;
  const [head, name] = namePattern.exec(text) ?? [''];
  const tests: Selector[] = [];
  if (name !== undefined) tests.push(matcher('__name__', '=', name));
  let rest = text.slice(head.length);
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    for (let found = matcherPattern.exec(rest); found !== null; found = matcherPattern.exec(rest)) {
      const [all, bare, quoted = '', operator = '', value = ''] = found;
      tests.push(matcher(bare ?? unescaped(quoted), operator, unescaped(value)));
      rest = rest.slice(all.length);
    }
    if (!/^\s*\}\s*$/.test(rest)) throw bad(text, rest);
  } else if (rest !== '') throw bad(text, rest);
  return (labels) => tests.every((test) => test(labels));
}

function matcher(name: string, operator: string, value: string): Selector {
  const valueOf = (labels: Labels): string => labelValue(labels, name) ?? '';
  switch (operator) {
    case '=':
      return (labels) => valueOf(labels) === value;
    case '!=':
      return (labels) => valueOf(labels) !== value;
    case '=~': {
      const pattern = regex(value);
      return (labels) => pattern.test(valueOf(labels));
    }
    default: {
      const pattern = regex(value);
      return (labels) => !pattern.test(valueOf(labels));
    }
  }
}

/** Anchored at both ends, as in Prometheus. */
function regex(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, 'su');
  } catch (cause) {
    throw new UsageError(`not a regular expression: ${pattern}`, { cause });
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}

function bad(text: string, rest: string): UsageError {
  const at = rest === '' ? 'at its end' : `at: ${rest}`;
  return new UsageError(`cannot understand the selector ${text} ${at}`);
}
