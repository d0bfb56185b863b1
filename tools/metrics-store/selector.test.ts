import { describe, expect, test } from '@jest/globals';

import { UsageError } from './errors.ts';
import { parseSelector } from './selector.ts';

const labels = ['__name__', 'up', 'job', 'no"de', 'path', 'C:\\x'];

describe('parseSelector', () => {
  test('chooses as Prometheus does', () => {
    const f = (text: string | undefined, want: boolean): void => {
      expect([text, parseSelector(text)(labels)]).toEqual([text, want]);
    };
    f(undefined, true);
    f('', true);
    f('{}', true);
    f('up', true);
    f(' up ', true);
    f('down', false);
    f('up{}', true);
    f('up{job="no\\"de"}', true);
    f('{path="C:\\\\x"}', true);
    f('{job!="x",path=~"C.*"}', true);
    f('{ job =~ "n" }', false);
    f('{job!~"n.*",}', false);
    f('{missing=""}', true);
    f('{missing!=""}', false);
    f('{"job"=~"no.*"}', true);
    f('{__name__=~"u.|v"}', true);
    f('{__name__=~"u|vp"}', false);
  });

  test('refuses what it does not understand', () => {
    for (const text of [
      'up{',
      'up}',
      '{job}',
      '{job=x}',
      '{job="x" a="y"}',
      'a b',
      '{a=~"("}',
      '1',
    ]) {
      expect(() => parseSelector(text)).toThrow(UsageError);
    }
  });
});
