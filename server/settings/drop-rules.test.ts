import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isDropped, matchesGlob, parseDropRules } from './drop-rules.ts';

const series = ['__name__', 'http_requests_total', 'code', '500', 'job', 'node', 'path', '/a"b'];

/** Whether rules without errors drop the series above. */
function drops(text: string): boolean {
  const { rules, errors } = parseDropRules(text);
  expect(errors).toEqual([]);
  return isDropped(rules, series);
}

function refuses(text: string, code: string, line = 1): void {
  const { rules, errors } = parseDropRules(text);
  expect({ rules, errors }).toMatchObject({ rules: [], errors: [{ code, line }] });
}

describe('drop rules', () => {
  test('fit whole metric names, with stars', () => {
    expect(drops('http_requests_total')).toBe(true);
    expect(drops('http_*')).toBe(true);
    expect(drops('*_total')).toBe(true);
    expect(drops('http_*s_*al')).toBe(true);
    expect(drops('http_requests')).toBe(false);
    expect(drops('requests*')).toBe(false);
    // No character of a name stands for two of the pattern.
    expect(drops('http_requests_*s_total')).toBe(false);
    expect(drops('http_requests*s_total')).toBe(false);
    expect(drops('go_*\n# http_*\n\n  http_**  ')).toBe(true);
  });

  test('fit labels, all of one rule and any rule', () => {
    expect(drops('{code="5*"}')).toBe(true);
    expect(drops('http_*{code="5*", job="node"}')).toBe(true);
    expect(drops('http_*{code="5*", job="calls"}')).toBe(false);
    expect(drops('http_*{code!="2*"}')).toBe(true);
    expect(drops('{code!="5*",}')).toBe(false);
    expect(drops('{__name__="http_*"}')).toBe(true);
    expect(drops('{user=""}')).toBe(true);
    expect(drops('{user!=""}')).toBe(false);
    refuses('{user="*"}', 'DROP_RULE_EVERYTHING');
    expect(drops('{path="/a\\"b"}')).toBe(true);
    expect(drops('a{"job" = "x"}\n{"job"="node"}')).toBe(true);
  });

  test('say what is wrong with a line, and keep the others', () => {
    refuses('a{b="c"', 'DROP_RULE_SYNTAX');
    refuses('a b', 'DROP_RULE_SYNTAX');
    refuses('a{b=~"c"}', 'DROP_RULE_SYNTAX');
    refuses('a{b=c}', 'DROP_RULE_QUOTE');
    refuses('a{1b="c"}', 'DROP_RULE_LABEL');
    refuses('\n\n*', 'DROP_RULE_EVERYTHING', 3);
    refuses('{}', 'DROP_RULE_EVERYTHING');
    refuses('x'.repeat(600), 'DROP_RULE_TOO_LONG');
    refuses('x\n'.repeat(10_000), 'DROP_RULE_TOO_LONG');
    expect(parseDropRules('x\n'.repeat(300))).toMatchObject({
      rules: { length: 200 },
      errors: [{ code: 'DROP_RULE_TOO_MANY', line: 201 }],
    });
    expect(parseDropRules('good\nbad{')).toMatchObject({
      rules: [{ matchers: [{ label: '__name__' }] }],
      errors: [{ line: 2 }],
    });
  });
});

test('globs mean what the regular expression made of them means', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 });
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 6 });
  fc.assert(
    fc.property(patterns, texts, (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      const glob = { parts: pattern.split('*') };
      expect(matchesGlob(glob, text)).toBe(expression.test(text));
    }),
  );
});
