import { describe, expect, test } from '@jest/globals';
import { LineTemplate, type ExpositionFormat } from './index.ts';
import { bitsAt, bytesOf, NumberingResolver, parseBody, parseInto } from './parse-body-fixture.ts';

/** What is asked about line `added` behind `known`: the label and value that differ, or all labels. */
function asked(known: string, added: string, format: ExpositionFormat = 'text'): unknown {
  const template = new LineTemplate();
  const end = format === 'text' ? '' : '# EOF\n';
  parseInto(template, `${known} 1\n${end}`, new NumberingResolver(), 5, format);
  const questions: unknown[] = [];
  const body = bytesOf(`${added} 1\n${end}`);
  template.begin(body, (labels) => questions.push(labels), format, {
    vary: (...variant) => questions.push(variant),
    varyEach: ({ count, refs, name, values, found }) => {
      for (let at = 0; at < count; at++) {
        found[at] = questions.push([refs[at], name, values[at]]);
      }
    },
  });
  while (!template.step(1));
  return questions.length === 1 ? questions[0] : questions;
}

describe('a series like a known one', () => {
  const variant = (label: string, value: string) => [0, label, value];

  test.each([
    ['some_metric{a="1",b="x"}', 'some_metric{a="1",b="y"}', variant('b', 'y')],
    ['some_metric{a="1",b="x"}', 'some_metric{a="2",b="x"}', variant('a', '2')],
    ['some_metric{a="12",b="x"}', 'some_metric{a="1",b="x"}', variant('a', '1')],
    ['some_metric{a="1",b="x"}', 'some_metric{a="123",b="x"}', variant('a', '123')],
    ['some_metric{a="1", b="é"}', 'some_metric{a="1", b="è"}', variant('b', 'è')],
    ['some_metric { a = "1" , }', 'some_metric { a = "2" , }', variant('a', '2')],
    ['some_metric{a="\\"",b="x"}', 'some_metric{a="\\"",b="y"}', variant('b', 'y')],
    ['{"some_metric","a b"="x"}', '{"some_metric","a b"="y"}', variant('a b', 'y')],
  ])('is asked for by its one other value: %s, %s', (known, added, want) => {
    expect(asked(known, added)).toEqual(want);
    // Blanks between tokens are not of the other format.
    if (!known.includes(', ') && !known.includes('{ ')) {
      expect(asked(known, added, 'openmetrics')).toEqual(want);
    }
  });

  test.each([
    ['some_metric{a="1",b="x"}', 'some_metric{a="2",b="y"}'],
    ['some_metric{a="1"}', 'other_metric{a="1"}'],
    ['some_metric{a="1"}', 'some_metric{b="1"}'],
    ['some_metric{a="1"}', 'some_metric{a="1",b="1"}'],
    ['some_metric{a="1",b="1"}', 'some_metric{a="1"}'],
    ['some_metric{a="1"}', 'some_metric{a=""}'],
    ['some_metric{a=""}', 'some_metric{a="1"}'],
    ['some_metric{a="1"}', 'some_metric{a="\\n"}'],
    ['some_metric{a="\\n"}', 'some_metric{a="1"}'],
    ['some_metric{a="1\\""}', 'some_metric{a="1\\\\"}'],
    ['some_metric{a="x="b="1"}', 'some_metric{a="x="c="1"}'],
    ['some_metric{a="\\"x=",b="1"}', 'some_metric{a="\\"x=",c="1"}'],
    ['some_metric{a="1"b="1"}', 'some_metric{a="1"c="1"}'],
    ['some_metric{a="1",b="1"}', 'some_metric{a="1" b="1"}'],
    ['some_metric', 'some_other'],
    ['some_metric{a="1"}', 'some_metric'],
  ])('is asked for by all its labels when more differs, or a value is none: %s, %s', (a, b) => {
    expect(asked(a, b)).toContain('__name__');
  });

  test.each(['a="x=",b="1"', 'a="1",b="x="', 'b="}{,="', 'b="\n="'])(
    'is read as by its tokens, whatever values hold: %s',
    (labels) => {
      const known = `m{${labels}} 1\n`;
      const added = `m{${labels.slice(0, -1)}2"}  \t 12.5\n`;
      const first = new LineTemplate();
      const resolver = new NumberingResolver();
      parseInto(first, known, resolver);
      const { batch, summary } = parseInto(first, added, resolver);
      expect(summary).toMatchObject({ samples: 1, added: 1, vanished: [0] });
      expect(resolver.labels[batch.refs[0]!]).toEqual(parseBody(added)[0]!.labels);
      expect(bitsAt(batch, 0)).toBe('4029000000000000');
      // It is found again as what it is.
      expect(parseInto(first, added, resolver).summary).toMatchObject({ added: 0, vanished: [] });
      expect(resolver.labels).toHaveLength(2);
    },
  );

  test.each([
    ['some_metric{a="2"}', 'EXPOSITION_BAD_VALUE'],
    ['some_metric{a="2"} \n', 'EXPOSITION_BAD_VALUE'],
    ['some_metric{a="2} 1', 'EXPOSITION_BAD_LABEL_VALUE'],
    ['some_metric{a="2"} 1 x', 'EXPOSITION_BAD_TIMESTAMP'],
  ])('is refused when what follows is wrong: %s', (added, code) => {
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    parseInto(template, 'some_metric{a="1"} 1\n', resolver);
    expect(() => parseInto(template, added, resolver)).toThrow(expect.objectContaining({ code }));
  });

  test('is refused when its value is not UTF-8', () => {
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    parseInto(template, 'some_metric{a="1"} 1\n', resolver);
    const wrong = Buffer.from('some_metric{a="\xff"} 1\n', 'latin1');
    expect(() => parseInto(template, wrong, resolver)).toThrow(
      expect.objectContaining({ code: 'EXPOSITION_BAD_UTF8', offset: 15 }),
    );
  });

  test('may be like the one before it in the same body', () => {
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    const histogram = (handler: string) =>
      ['1', '2', '5', '+Inf'].map((le) => `some_metric{handler="${handler}",le="${le}"} 1\n`);
    parseInto(template, histogram('a').join(''), resolver);
    expect(resolver.variants).toBe(3);
    const { summary } = parseInto(
      template,
      [...histogram('a'), ...histogram('b')].join(''),
      resolver,
    );
    expect(summary).toMatchObject({ added: 4, samples: 8 });
    expect(resolver.variants).toBe(6);
    expect(resolver.labels[7]).toEqual(['__name__', 'some_metric', 'handler', 'b', 'le', '+Inf']);
  });
});
