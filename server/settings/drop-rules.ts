import { say, type KnownSentence } from '../../api/index.ts';

/** Longest text of all rules: some hundred of them. */
const maxRulesChars = 16 * 1024;
/** Every new series is held against every rule. */
const maxRules = 200;
const maxMatchers = 16;
/** Longest single pattern. */
const maxPatternChars = 512;

/** A text with stars: the literal parts between them, in order. One part means no star. */
export interface Glob {
  parts: readonly string[];
}

/** Whether a label has, or has not, a value like the pattern. An absent label has an empty value. */
export interface DropMatcher {
  label: string;
  isNegated: boolean;
  pattern: Glob;
}

/** A series that all matchers of a rule fit is not stored. */
export interface DropRule {
  matchers: readonly DropMatcher[];
}

export type DropRuleErrorCode =
  | 'DROP_RULE_SYNTAX'
  | 'DROP_RULE_LABEL'
  | 'DROP_RULE_QUOTE'
  | 'DROP_RULE_TOO_LONG'
  | 'DROP_RULE_TOO_MANY'
  | 'DROP_RULE_EVERYTHING';

/** A line that is no rule. */
export interface DropRuleError {
  code: DropRuleErrorCode;
  /** Counted from 1. */
  line: number;
  mistake: KnownSentence;
}

const metricName = '__name__';

/**
 * Reads drop rules, one per line: `pattern`, `pattern{label="pattern",other!="pattern"}` or only
 * the braces. The first pattern is that of the metric name. A star stands for any run of
 * characters, everything else for itself; patterns fit whole texts. Empty lines and lines that
 * start with `#` say nothing. There are no regular expressions: nobody can write one that takes
 * for ever, or forget to anchor it. Lines that are no rule are left out and reported.
 */
export function parseDropRules(text: string): { rules: DropRule[]; errors: DropRuleError[] } {
  const rules: DropRule[] = [];
  const errors: DropRuleError[] = [];
  if (text.length > maxRulesChars) {
    const mistake = say('drop.too-long', { limitCount: maxRulesChars });
    return { rules, errors: [{ code: 'DROP_RULE_TOO_LONG', line: 1, mistake }] };
  }
  for (const [at, content] of text.split('\n').entries()) {
    const line = content.trim();
    if (line === '' || line.startsWith('#')) continue;
    const parsed = new RuleReader(line).read();
    if ('mistake' in parsed) errors.push({ ...parsed, line: at + 1 });
    else if (rules.length < maxRules) rules.push(parsed);
    else {
      const mistake = say('drop.too-many', { limitCount: maxRules });
      errors.push({ code: 'DROP_RULE_TOO_MANY', line: at + 1, mistake });
      break;
    }
  }
  return { rules, errors };
}

/** Whether one of the rules fits a series; `labels` is a flat list of names and values. */
export function isDropped(rules: readonly DropRule[], labels: readonly string[]): boolean {
  return rules.some(({ matchers }) => matchers.every((matcher) => fits(matcher, labels)));
}

function fits({ label, isNegated, pattern }: DropMatcher, labels: readonly string[]): boolean {
  let value = '';
  for (let at = 0; at < labels.length; at += 2) {
    if (labels[at] === label) value = labels[at + 1] ?? '';
  }
  return matchesGlob(pattern, value) !== isNegated;
}

/** Time is at most that of one search per part: each part is looked for behind the one before. */
export function matchesGlob({ parts }: Glob, text: string): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= end;
}

type Failure = Omit<DropRuleError, 'line'>;

/** Reads one rule from left to right. */
class RuleReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): DropRule | Failure {
    const matchers: DropMatcher[] = [];
    const name = this.#take(/[^{}"\s=,]*/y);
    if (name !== '') {
      matchers.push({ label: metricName, isNegated: false, pattern: globOf(name) });
    }
    this.#take(/\s*/y);
    if (this.#peek() === '{') {
      this.#at++;
      const failure = this.#readMatchers(matchers);
      if (failure !== undefined) return failure;
    }
    this.#take(/\s*/y);
    if (this.#at < this.#text.length) return this.#unexpected();
    return checkRule(matchers);
  }

  /** Reads up to the closing brace. */
  #readMatchers(matchers: DropMatcher[]): Failure | undefined {
    for (;;) {
      this.#take(/\s*/y);
      if (this.#peek() === '}') break;
      const matcher = this.#readMatcher();
      if ('mistake' in matcher) return matcher;
      matchers.push(matcher);
      this.#take(/\s*/y);
      if (this.#peek() === ',') this.#at++;
      else if (this.#peek() !== '}') return this.#unexpected();
    }
    this.#at++;
    return undefined;
  }

  #readMatcher(): DropMatcher | Failure {
    const label = this.#take(/[a-zA-Z_][a-zA-Z0-9_]*/y) || this.#readQuoted();
    if (label === undefined || label === '') {
      return { code: 'DROP_RULE_LABEL', mistake: say('drop.label', { place: this.#rest() }) };
    }
    this.#take(/\s*/y);
    const operator = this.#take(/!?=(?!~)/y);
    if (operator === '') return this.#unexpected('drop.operator');
    this.#take(/\s*/y);
    const value = this.#readQuoted();
    if (value === undefined) {
      return { code: 'DROP_RULE_QUOTE', mistake: say('drop.quote', { place: this.#rest() }) };
    }
    return { label, isNegated: operator === '!=', pattern: globOf(value) };
  }

  /** The text between quotes, `\"` and `\\` resolved; undefined when there is none. */
  #readQuoted(): string | undefined {
    const quoted = this.#take(/"(?:\\.|[^"\\])*"/y);
    return quoted === '' ? undefined : quoted.slice(1, -1).replace(/\\(["\\])/g, '$1');
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #rest(): KnownSentence {
    const text = this.#text.slice(this.#at, this.#at + 30);
    return text === '' ? say('drop.at-end') : say('drop.at', { text });
  }

  #unexpected(expected: 'drop.comma' | 'drop.operator' = 'drop.comma'): Failure {
    return { code: 'DROP_RULE_SYNTAX', mistake: say(expected, { place: this.#rest() }) };
  }
}

function checkRule(matchers: DropMatcher[]): DropRule | Failure {
  const lengths = matchers.map(({ pattern }) => pattern.parts.join('*').length);
  if (matchers.length > maxMatchers || lengths.some((length) => length > maxPatternChars)) {
    const mistake = say('drop.conditions', { limitCount: maxMatchers, maxCount: maxPatternChars });
    return { code: 'DROP_RULE_TOO_LONG', mistake };
  }
  const isWide = ({ isNegated, pattern: { parts } }: DropMatcher) =>
    !isNegated && parts.length > 1 && parts.every((part) => part === '');
  if (matchers.every(isWide)) {
    return { code: 'DROP_RULE_EVERYTHING', mistake: say('drop.everything') };
  }
  return { matchers };
}

/** The pattern that a text with stars is. */
export function globOf(text: string): Glob {
  // Stars in a row mean no more than one.
  return { parts: text.replace(/\*+/g, '*').split('*') };
}
