import { describe, expect, test } from '@jest/globals';
import { ExpositionError, LineTemplate } from './index.ts';
import { bytesOf, NumberingResolver, parseBody, parseInto } from './parse-body-fixture.ts';

/** Bytes of a text in which every character is one byte. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Labels of the only sample of a body, name first. */
function accepts(body: string | Uint8Array, ...labels: string[]): void {
  const [sample] = parseBody(body);
  expect(sample?.labels).toEqual(['__name__', ...labels]);
}

function rejects(body: string | Uint8Array, code: string, line = 1): void {
  let error: unknown;
  try {
    parseBody(body);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(ExpositionError);
  expect({ code: (error as ExpositionError).code, line: (error as ExpositionError).line }).toEqual({
    code,
    line,
  });
}

describe('series', () => {
  test('accepts what Prometheus accepts', () => {
    accepts('a 1\n', 'a');
    accepts('a 1', 'a');
    accepts('a\t1\n', 'a');
    accepts('a:b_C9 1\n', 'a:b_C9');
    accepts('a{} 1\n', 'a');
    accepts('a {} 1\n', 'a');
    accepts('a{}1\n', 'a');
    accepts('a+5\n', 'a');
    accepts('a{b="c"} 1\n', 'a', 'b', 'c');
    accepts('a{b="c",} 1\n', 'a', 'b', 'c');
    accepts('a { b = "c" , d\t="e" , } 1\n', 'a', 'b', 'c', 'd', 'e');
    accepts('a{b="c" d="e"} 1\n', 'a', 'b', 'c', 'd', 'e');
    accepts('a{b=""} 1\n', 'a', 'b', '');
    accepts('a{b="x\ny"} 1\n', 'a', 'b', 'x\ny');
    accepts('a{b="é😀"} 1\n', 'a', 'b', 'é😀');
    accepts('a{b="\u{feff}x"} 1\n', 'a', 'b', '\u{feff}x');
    accepts('a{b="x\0y"} 1\n', 'a', 'b', 'x\0y');
    accepts('a{b="}"} 1\n', 'a', 'b', '}');
  });

  test('replaces three escapes and keeps all other pairs', () => {
    accepts(String.raw`a{b="\\"} 1`, 'a', 'b', '\\');
    accepts(String.raw`a{b="\""} 1`, 'a', 'b', '"');
    accepts(String.raw`a{b="\n"} 1`, 'a', 'b', '\n');
    accepts(String.raw`a{b="\x\t"} 1`, 'a', 'b', '\\x\\t');
    accepts(String.raw`a{b="\\n"} 1`, 'a', 'b', '\\n');
  });

  test('rejects what Prometheus rejects', () => {
    rejects(' a 1\n', 'EXPOSITION_BAD_START');
    rejects('1a 1\n', 'EXPOSITION_BAD_START');
    rejects('{a="b"} 1\n', 'EXPOSITION_BAD_START');
    rejects('é 1\n', 'EXPOSITION_BAD_START');
    rejects('a\n', 'EXPOSITION_BAD_VALUE');
    rejects('a{b="c"}\n', 'EXPOSITION_BAD_VALUE');
    rejects('a{b:c="d"} 1\n', 'EXPOSITION_BAD_LABEL');
    rejects('a{1b="c"} 1\n', 'EXPOSITION_BAD_LABEL');
    rejects('a{b="c",,} 1\n', 'EXPOSITION_BAD_LABEL');
    rejects('a{,} 1\n', 'EXPOSITION_BAD_LABEL');
    rejects('a{b="c"\n', 'EXPOSITION_BAD_LABEL');
    rejects('a{b} 1\n', 'EXPOSITION_BAD_LABEL');
    rejects("a{b='c'} 1\n", 'EXPOSITION_BAD_LABEL_VALUE');
    rejects('a{b=c} 1\n', 'EXPOSITION_BAD_LABEL_VALUE');
    rejects('a{b="c} 1\n', 'EXPOSITION_BAD_LABEL_VALUE');
    rejects('a{b="c\\\n"} 1\n', 'EXPOSITION_BAD_LABEL_VALUE');
    rejects('a{b="c"}{d="e"} 1\n', 'EXPOSITION_BAD_VALUE');
    rejects(latin1('a{b="\xff"} 1\n'), 'EXPOSITION_BAD_UTF8');
    rejects('a{b="1",b="2"} 1\n', 'EXPOSITION_DUPLICATE_LABEL');
    rejects('a{__name__="b"} 1\n', 'EXPOSITION_DUPLICATE_LABEL');
    rejects('a{b=\0"c"} 1\n', 'EXPOSITION_BAD_LABEL_VALUE');
  });
});

describe('times', () => {
  test('are whole milliseconds', () => {
    const timeOf = (body: string) => parseBody(body)[0]?.timeMs;
    expect(timeOf('a 1 1700000000000\n')).toBe(1_700_000_000_000);
    expect(timeOf('a 1 0\n')).toBe(0);
    expect(timeOf('a 1\t5 \n')).toBe(5);
    expect(timeOf('a 1  \n')).toBe(-7);
    expect(timeOf('a 1 9223372036854775807\n')).toBe(2 ** 63);
    rejects('a 1 9223372036854775808\n', 'EXPOSITION_BAD_TIMESTAMP');
    rejects('a 1 -5\n', 'EXPOSITION_BAD_TIMESTAMP');
    rejects('a 1 1.5\n', 'EXPOSITION_BAD_TIMESTAMP');
    rejects('a 1 5 6\n', 'EXPOSITION_BAD_TIMESTAMP');
  });

  test('are checked and ignored unless they are honoured', () => {
    const resolver = new NumberingResolver();
    const { batch } = parseInto(new LineTemplate(), 'a 1 5\n', resolver);
    expect(batch.timesMs[0]).toBe(-7);
  });
});

describe('comments and metadata', () => {
  test('are ignored or kept by family', () => {
    const template = new LineTemplate();
    parseInto(
      template,
      '# HELP a one \\\\ two\\nthree \\x\n#TYPE a nonsense\n# TYPE a counter\n\n \t\n# just so\n' +
        '#\n# HELP b\n  # TYPE c untyped\na 1\n# TYPE d summary\n# TYPE d gauge',
      new NumberingResolver(),
    );
    expect(Object.fromEntries(template.families())).toEqual({
      a: { type: 'counter', help: 'one \\ two\nthree \\x' },
      b: { type: undefined, help: '' },
      c: { type: 'untyped', help: undefined },
      d: { type: 'gauge', help: undefined },
    });
  });

  test('fail the body when they are malformed', () => {
    rejects('a 1\n# TYPE a unknown\n', 'EXPOSITION_BAD_TYPE', 2);
    rejects('# TYPE a counter \n', 'EXPOSITION_BAD_TYPE');
    rejects('# TYPE a  counter\n', 'EXPOSITION_BAD_TYPE');
    rejects('# TYPE a\n', 'EXPOSITION_BAD_TYPE');
    rejects('# TYPE #\n', 'EXPOSITION_BAD_METADATA');
    rejects('# HELP 1a x\n', 'EXPOSITION_BAD_METADATA');
    rejects('# HELP \n', 'EXPOSITION_BAD_METADATA');
    rejects(latin1('# HELP a \xff\n'), 'EXPOSITION_BAD_UTF8');
  });

  test('end the body at a NUL byte where a line starts', () => {
    expect(parseBody('a 1\n\0b 2\n!!!')).toHaveLength(1);
    expect(parseBody('a 1\n#x\0\n!!!')).toHaveLength(1);
    expect(parseBody('a 1\n# x\0\nb 2')).toHaveLength(2);
  });
});

describe('errors', () => {
  test('name CR LF', () => {
    rejects('a 1\r\nb 2\r\n', 'EXPOSITION_CRLF');
    rejects('# TYPE a counter\r\n', 'EXPOSITION_CRLF');
    rejects('\r\n', 'EXPOSITION_CRLF');
  });

  test('show the line, printable and short', () => {
    const body = bytesOf(`a 1\nb{c="${'x'.repeat(200)}"} \x01oops\n`);
    expect(() => parseBody(body)).toThrow(/^line 2: not a number: "…x{27}"} \\x01oops"$/);
    expect(() => parseBody(body)).toThrow(expect.objectContaining({ offset: 212 }));
  });
});
