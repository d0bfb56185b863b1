import { describe, expect, test } from '@jest/globals';
import { ExpositionError, formatOf, LineTemplate, type ExpositionFormat } from './index.ts';
import { bitsAt, NumberingResolver, parseBody, parseInto } from './parse-body-fixture.ts';

/** Names and labels of all samples of a body in OpenMetrics. */
function accepts(body: string, ...labels: string[][]): void {
  expect(parseBody(body, 'openmetrics').map((sample) => sample.labels)).toEqual(
    labels.map((list) => ['__name__', ...list]),
  );
}

function rejects(body: string, code: string, line = 1, format: ExpositionFormat = 'openmetrics') {
  let error: unknown;
  try {
    parseBody(body, format);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(ExpositionError);
  expect({ code: (error as ExpositionError).code, line: (error as ExpositionError).line }).toEqual({
    code,
    line,
  });
}

describe('an OpenMetrics body', () => {
  test('ends with # EOF and nothing behind it', () => {
    accepts('# EOF');
    accepts('a 1\n# EOF\n', ['a']);
    accepts('# HELP a # EOF\na 1\n# EOF\n', ['a']);
    rejects('', 'EXPOSITION_NO_EOF');
    rejects('a 1\n', 'EXPOSITION_NO_EOF', 2);
    rejects('# HELP a # EOF\n', 'EXPOSITION_NO_EOF', 2);
    rejects('# EOF\na 1\n# EOF\n', 'EXPOSITION_AFTER_EOF', 2);
    rejects('# EOF\n\n', 'EXPOSITION_AFTER_EOF', 2);
  });

  test('has one blank where blanks are', () => {
    rejects('a  1\n# EOF\n', 'EXPOSITION_BAD_VALUE');
    rejects('a 1 \n# EOF\n', 'EXPOSITION_BAD_TIMESTAMP');
    rejects('a\t1\n# EOF\n', 'EXPOSITION_BAD_VALUE');
    rejects('a{ b="c"} 1\n# EOF\n', 'EXPOSITION_BAD_LABEL');
    rejects('a 1\n\n# EOF\n', 'EXPOSITION_BAD_START', 2);
    rejects('# so\n# EOF\n', 'EXPOSITION_BAD_START');
    rejects('a 1\r\n# EOF\n', 'EXPOSITION_CRLF');
  });

  test('has strict labels', () => {
    accepts('a{} 1\na{b="c",d="\\n\\q"} 2\n# EOF\n', ['a'], ['a', 'b', 'c', 'd', '\n\\q']);
    rejects('a{b="c",} 1\n# EOF\n', 'EXPOSITION_BAD_LABEL');
    rejects('a{b="c"d="e"} 1\n# EOF\n', 'EXPOSITION_BAD_LABEL');
    rejects('a{b="c\nd"} 1\n# EOF\n', 'EXPOSITION_BAD_LABEL_VALUE');
    rejects('a{b="c",b="d"} 1\n# EOF\n', 'EXPOSITION_DUPLICATE_LABEL');
  });

  test('has its own types, and units that end the name', () => {
    const template = new LineTemplate();
    const body =
      '# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds x \\" \\n\n' +
      '# TYPE s stateset\n# TYPE "b.c" unknown\n# EOF\n';
    parseInto(template, body, new NumberingResolver(), 5, 'openmetrics');
    expect(Object.fromEntries(template.families())).toEqual({
      a_seconds: { type: 'counter', help: 'x " \n', unit: 'seconds' },
      s: { type: 'stateset', help: undefined, unit: undefined },
      'b.c': { type: 'unknown', help: undefined, unit: undefined },
    });
    rejects('# TYPE a untyped\n# EOF\n', 'EXPOSITION_BAD_TYPE');
    rejects('# UNIT a seconds\n# EOF\n', 'EXPOSITION_BAD_UNIT');
    rejects('# HELP a\n# EOF\n', 'EXPOSITION_BAD_METADATA');
  });

  test('gives times in seconds', () => {
    const timeOf = (time: string) => parseBody(`a 1 ${time}\n# EOF\n`, 'openmetrics')[0]?.timeMs;
    expect(timeOf('1520879607.789')).toBe(1_520_879_607_789);
    expect(timeOf('-1.9999')).toBe(-1999);
    expect(timeOf('-0.001')).toBe(-1);
    expect(timeOf('1e300')).toBe(Number.MAX_SAFE_INTEGER);
    rejects('a 1 NaN\n# EOF\n', 'EXPOSITION_BAD_TIMESTAMP');
    rejects('a 1 1e400\n# EOF\n', 'EXPOSITION_BAD_TIMESTAMP');
    rejects('a 1 1 1\n# EOF\n', 'EXPOSITION_BAD_TIMESTAMP');
  });

  test('may have exemplars, which are checked and left out', () => {
    accepts('a_total 1 # {x="y",z="w"} 0.5 1.5\nb 2 3 # {} 1\n# EOF\n', ['a_total'], ['b']);
    rejects('a 1 # {x="y"}\n# EOF\n', 'EXPOSITION_BAD_EXEMPLAR');
    rejects('a 1 # {x="y",} 1\n# EOF\n', 'EXPOSITION_BAD_EXEMPLAR');
    rejects('a 1 # {x="y"} 1 NaN\n# EOF\n', 'EXPOSITION_BAD_EXEMPLAR');
  });

  test('leaves out the times of creation of families that have them', () => {
    accepts(
      '# TYPE a counter\na_total{b="1"} 1\na_created{b="1"} 2\na_created{b="2"} 3\n' +
        '# TYPE g gauge\ng_created 1\n# TYPE h histogram\na_created 4\nh_created 5\n# EOF\n',
      ['a_total', 'b', '1'],
      ['g_created'],
      ['a_created'],
    );
  });
});

describe('names in quotes', () => {
  test('stand for any name, in both formats', () => {
    for (const format of ['text', 'openmetrics'] as const) {
      const eof = format === 'text' ? '' : '# EOF\n';
      const labelsOf = (line: string) => parseBody(`${line}\n${eof}`, format)[0]?.labels;
      expect(labelsOf('{"a.b"} 1')).toEqual(['__name__', 'a.b']);
      expect(labelsOf('{"a.b","c d"="e"} 1')).toEqual(['__name__', 'a.b', 'c d', 'e']);
      expect(labelsOf('{c="e","a.b"} 1')).toEqual(['__name__', 'a.b', 'c', 'e']);
      expect(labelsOf('a{"b.c"="d"} 1')).toEqual(['__name__', 'a', 'b.c', 'd']);
      expect(labelsOf('{"é \\"\\\\\\n"} 1')).toEqual(['__name__', 'é "\\\n']);
      const refused = (line: string, code: string) => {
        rejects(`${line}\n${eof}`, code, 1, format);
      };
      refused('{b="c"} 1', 'EXPOSITION_BAD_START');
      refused('{"a","b"} 1', 'EXPOSITION_BAD_LABEL');
      refused('a{"b"} 1', 'EXPOSITION_BAD_LABEL');
      refused('{""} 1', 'EXPOSITION_BAD_LABEL');
      refused('a{"__name__"="b"} 1', 'EXPOSITION_DUPLICATE_LABEL');
    }
  });
});

test('chooses the format by media type alone', () => {
  expect(formatOf('application/openmetrics-text; version=1.0.0; charset=utf-8')).toBe(
    'openmetrics',
  );
  expect(formatOf('Application/OpenMetrics-Text')).toBe('openmetrics');
  expect(formatOf('text/plain; version=0.0.4; escaping=allow-utf-8')).toBe('text');
  expect(formatOf('')).toBe('text');
  expect(formatOf(undefined)).toBe('text');
});

describe('the line template', () => {
  const seed = Number(process.env['SEED'] ?? 20261120);

  /** Small numbers from a seed. */
  function generator(start: number): (below: number) => number {
    let state = start;
    return (below) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  }

  function randomBody(next: (below: number) => number, format: ExpositionFormat): string {
    const lines: string[] = [];
    for (let family = 0; family < 6; family++) {
      if (next(8) === 0) continue;
      lines.push(`# TYPE f${String(family)} counter`);
      for (let at = 0; at < 5; at++) {
        if (next(6) === 0) continue;
        const labels = `l="${String(at)}"${next(3) === 0 ? '' : ',"q.l"="x"'}`;
        const name = family % 2 === 0 ? `f${String(family)}_total{` : `{"f${String(family)}.x",`;
        const exemplar = ` # {t="${String(next(3))}"} ${String(next(3))}`;
        const tail = format === 'openmetrics' && next(2) === 0 ? exemplar : '';
        lines.push(`${name}${labels}} ${String(next(3))}${next(5) === 0 ? ' 7' : ''}${tail}`);
        if (format === 'openmetrics') lines.push(`f${String(family)}_created{${labels}} 1`);
      }
    }
    if (next(5) === 0) lines.reverse();
    if (format === 'openmetrics') lines.push('# EOF');
    return lines.map((line) => `${line}\n`).join('');
  }

  const textOf = (sample: object) => JSON.stringify(sample);

  test(`gives what a fresh reader gives, also when the format changes (SEED=${String(seed)})`, () => {
    const next = generator(seed);
    const template = new LineTemplate({ honorTimestamps: true });
    const resolver = new NumberingResolver();
    for (let round = 0; round < 300; round++) {
      const format = next(10) === 0 ? 'text' : 'openmetrics';
      const body = randomBody(next, format);
      const { batch } = parseInto(template, body, resolver, 3, format);
      const found = Array.from({ length: batch.count }, (_, at) => ({
        labels: resolver.labels[batch.refs[at]!],
        bits: bitsAt(batch, at),
        timeMs: batch.timesMs[at],
      }));
      // Series that are new go last.
      expect(found.map(textOf).sort()).toEqual(parseBody(body, format).map(textOf).sort());
    }
  });

  test('refuses in the known path what it refuses in the new one', () => {
    const known = 'a 1\nb{c="d"} 2 # {x="y"} 1\n# EOF\n';
    const after = (body: string) => {
      const template = new LineTemplate();
      const resolver = new NumberingResolver();
      parseInto(template, known, resolver, 5, 'openmetrics');
      return () => parseInto(template, body, resolver, 5, 'openmetrics');
    };
    const coded = (code: string) => expect.objectContaining({ code });
    expect(after(`${known}a 2\n`)).toThrow(coded('EXPOSITION_AFTER_EOF'));
    expect(after('a 1\n')).toThrow(coded('EXPOSITION_NO_EOF'));
    expect(after('a 2 \nb{c="d"} 2\n# EOF\n')).toThrow(coded('EXPOSITION_BAD_TIMESTAMP'));
    expect(after('a 1\nb{c="d"} 3 # {x="y"}\n# EOF\n')).toThrow(coded('EXPOSITION_BAD_EXEMPLAR'));
    const text = new LineTemplate();
    const resolver = new NumberingResolver();
    parseInto(text, 'a  1\n', resolver);
    expect(() => parseInto(text, 'a  1\n# EOF\n', resolver, 5, 'openmetrics')).toThrow(
      coded('EXPOSITION_BAD_VALUE'),
    );
  });
});
