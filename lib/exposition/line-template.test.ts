import { describe, expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../runtime/index.ts';
import { SampleBatch } from '../tsdb/index.ts';
import { LineTemplate } from './index.ts';
import { keyOfLabels, readNaively } from './naive-twin-fixture.ts';
import { bitsAt, bytesOf, NumberingResolver, parseInto } from './parse-body-fixture.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);

/** Parses bodies in a row and gives what each of them was found to be. */
function run(bodies: string[]) {
  const template = new LineTemplate();
  const resolver = new NumberingResolver();
  return bodies.map((body) => {
    resolver.calls = 0;
    const { batch, summary } = parseInto(template, body, resolver);
    const samples = Array.from({ length: batch.count }, (_, at) => batch.refs[at]);
    return { ...summary, samples, resolved: resolver.calls };
  });
}

describe('a body after another', () => {
  test('resolves only what is new', () => {
    const [first, second, third] = run([
      '# HELP a x\na{b="1"} 1\na{b="2"} 2\n',
      '# HELP a x\na{b="1"} 7\na{b="2"} 2\n',
      '# HELP a y\na{b="1"} 7\na{b="3"} 1\na{b="2"} 2\n',
    ]);
    expect(first).toMatchObject({ samples: [0, 1], added: 2, resolved: 2 });
    expect(second).toMatchObject({ samples: [0, 1], added: 0, resolved: 0, vanished: [] });
    expect(third).toMatchObject({ samples: [0, 1, 2], added: 1, resolved: 1, vanished: [] });
  });

  test('finds moved lines again, near and far', () => {
    const lines = Array.from({ length: 1000 }, (_, at) => `m{l="${String(at)}"} 1\n`);
    const moved = [...lines.slice(500), ...lines.slice(0, 500).reverse()];
    const [, second] = run([lines.join(''), moved.join('')]);
    expect(second).toMatchObject({ added: 0, duplicates: 0, vanished: [] });
    // The resolver tells the first ones; then all lines are indexed.
    expect(second?.resolved).toBe(128);
  });

  test('tells which series vanished, and only once', () => {
    const [, second, third] = run(['a 1\nb 1\nc 1\n', 'a 1\nc 1\n', 'a 1\nc 1\n']);
    expect(second).toMatchObject({ vanished: [1] });
    expect(third).toMatchObject({ vanished: [] });
  });

  test('does not take a longer name or other labels for the same series', () => {
    const [, second] = run(['a+5\nb 1\nc 1\n', 'a1 5\nb {x="1"} 1\ncd 1\n']);
    expect(second).toMatchObject({ samples: [3, 4, 5], added: 3, vanished: [0, 1, 2] });
  });

  test('knows a series whose labels changed their order', () => {
    const [, second, third] = run([
      'a{x="1",y="2"} 1\n',
      'a{y="2",x="1"} 1\n',
      'a{y="2",x="1"} 2\n',
    ]);
    expect(second).toMatchObject({ samples: [0], added: 0, vanished: [] });
    expect(third).toMatchObject({ resolved: 0 });
  });

  test('keeps the first value of a series and counts the others', () => {
    const duplicated = 'a 1\nb 1\na 2\na 3\n';
    const results = run([duplicated, duplicated, 'b 1\na 9\n']);
    for (const result of results.slice(0, 2)) {
      expect(result).toMatchObject({ samples: [0, 1], lines: 4, duplicates: 2 });
    }
    expect(results[2]).toMatchObject({ samples: [1, 0], duplicates: 0, vanished: [] });
  });

  test('keeps the first value also when the second is written otherwise', () => {
    const known = 'a{x="1",y="2"} 1\n';
    const other = 'a{y="2",x="1"} 5\n';
    const [, late, again, early] = run([known, known + other, known + other, other + known]);
    for (const result of [late, again, early]) {
      expect(result).toMatchObject({ samples: [0], lines: 2, duplicates: 1, added: 0 });
    }
  });
});

describe('two phases', () => {
  test('leave template and sink alone when a body fails', () => {
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    parseInto(template, 'a 1\nb 2\n', resolver);
    const batch = new SampleBatch(4);
    template.begin(bytesOf('a 1\nc 3\nb x\n'), resolver.resolve);
    expect(() => template.step(100)).toThrow(expect.objectContaining({ line: 3 }));
    template.abandon();
    expect(batch.count).toBe(0);
    expect(template.live()).toEqual([0, 1]);
    const { summary } = parseInto(template, 'a 1\nb 2\n', resolver);
    expect(summary).toMatchObject({ samples: 2, added: 0, vanished: [] });
  });

  test('emit without accept changes nothing for the next body', () => {
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    parseInto(template, 'a 1\nb 2\n', resolver);
    template.begin(bytesOf('a 1\nc 1\n'), resolver.resolve);
    while (!template.step(1));
    template.emit(new SampleBatch(4), 0);
    const { summary } = parseInto(template, 'b 2\n', resolver);
    expect(summary).toMatchObject({ samples: 1, vanished: [0] });
  });

  test('series with markers do not vanish twice', () => {
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    parseInto(template, 'a 1\nb 2\n', resolver);
    template.markStale();
    expect(template.live()).toEqual([]);
    expect(parseInto(template, 'a 1\n', resolver).summary.vanished).toEqual([]);
    expect(template.live()).toEqual([0]);
  });

  test('series with times of their own never go stale', () => {
    const template = new LineTemplate({ honorTimestamps: true });
    const resolver = new NumberingResolver();
    const first = parseInto(template, 'a 1 5\nb 2\nc 3\n', resolver).batch;
    expect([...first.timesMs.subarray(0, 3)]).toEqual([5, -7, -7]);
    expect(template.live()).toEqual([1, 2]);
    const second = parseInto(template, 'a 1 5\nb 3\nc 3 9\n', resolver).batch;
    expect([...second.timesMs.subarray(0, 3)]).toEqual([5, -7, 9]);
    expect(parseInto(template, '', resolver).summary.vanished).toEqual([1]);
  });

  test('a series that stands twice has two samples where times count, wherever its lines stand', () => {
    const template = new LineTemplate({ honorTimestamps: true });
    const resolver = new NumberingResolver();
    const bodies = [
      'a{x="1",y="2"} 1 5\nb 2\na{x="1",y="2"} 3 9\n',
      'a{x="1",y="2"} 1 5\nb 2\na{x="1",y="2"} 3 9\n',
      // The second one with its labels in another order: known only when all is read.
      'c 1\na{x="1",y="2"} 1 5\nb 2\na{y="2",x="1"} 3 9\n',
      'a{x="1",y="2"} 1\nb 2\na{x="1",y="2"} 3 9\n',
    ];
    const found = bodies.map((body) => {
      const { batch, summary } = parseInto(template, body, resolver);
      const samples = Array.from({ length: batch.count }, (_, at) => [
        ...[batch.refs[at], bitsAt(batch, at).slice(0, 4), batch.timesMs[at]],
      ]);
      expect(summary).toMatchObject({ duplicates: 0, samples: samples.length, dropped: 0 });
      return samples.filter(([ref]) => ref === 0);
    });
    const [one, three] = ['3ff0', '4008'];
    const both = [
      [0, one, 5],
      [0, three, 9],
    ];
    expect(found.slice(0, 3)).toEqual([both, both, both]);
    expect(found[3]).toEqual([
      [0, one, -7],
      [0, three, 9],
    ]);
    // What stands without a time as well goes stale, as Prometheus has it.
    expect(template.live()).toEqual([0, 1]);
    parseInto(template, 'b 1\na{x="1",y="2"} 1 5\na{x="1",y="2"} 3\n', resolver);
    expect(template.live()).toEqual([1, 0]);
    expect(parseInto(template, 'b 1 5\n', resolver).summary.vanished).toEqual([0]);
    // Without any time the first one counts.
    expect(parseInto(template, 'a 1\na 2\n', resolver).summary).toMatchObject({
      ...{ duplicates: 1, samples: 1, lines: 2 },
    });
  });

  test('samples of a series that stands twice count for the limit', () => {
    for (const [maxSamples, isTooMany] of [
      [3, true],
      [4, false],
    ] as const) {
      const template = new LineTemplate({ honorTimestamps: true, maxSamples });
      const parse = () =>
        parseInto(template, 'a 1 1\na 2 2\na 3 3\na 4 4\n', new NumberingResolver());
      if (isTooMany)
        expect(parse).toThrow(expect.objectContaining({ code: 'EXPOSITION_SAMPLE_LIMIT' }));
      else expect(parse().batch.count).toBe(4);
    }
  });

  test('forgotten references are resolved anew', () => {
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    parseInto(template, 'a 1\nb 2\n', resolver);
    template.forget((ref) => ref === 0);
    resolver.calls = 0;
    const { batch } = parseInto(template, 'a 1\nb 2\n', resolver);
    expect(resolver.calls).toBe(1);
    expect([...batch.refs.subarray(0, 2)].sort()).toEqual([0, 1]);
  });
});

describe('limits', () => {
  test('the sample limit holds at the limit and fails one past it', () => {
    const template = new LineTemplate({ maxSamples: 3 });
    const resolver = new NumberingResolver();
    const three = '# TYPE a gauge\na 1\nb 1\nc 1\n';
    for (let round = 0; round < 2; round++) {
      expect(parseInto(template, three, resolver).batch.count).toBe(3);
    }
    for (const body of [`${three}d 1\n`, `d 1\n${three}`]) {
      expect(() => parseInto(template, body, resolver)).toThrow(
        expect.objectContaining({ code: 'EXPOSITION_SAMPLE_LIMIT' }),
      );
    }
  });

  test('a line of 1 MiB is read and a longer one refused', () => {
    const resolver = new NumberingResolver();
    const withValue = (length: number) => `a{b="${'x'.repeat(length)}"} 1\n`;
    const fits = parseInto(new LineTemplate(), withValue(1024 * 1024 - 10), resolver);
    expect(fits.batch.count).toBe(1);
    expect(() => parseInto(new LineTemplate(), withValue(1024 * 1024 + 1), resolver)).toThrow(
      expect.objectContaining({ code: 'EXPOSITION_LINE_LIMIT' }),
    );
  });

  test('a series has 128 labels at most', () => {
    const resolver = new NumberingResolver();
    const withLabels = (count: number) =>
      `a{${Array.from({ length: count }, (_, at) => `l${String(at)}="v"`).join(',')}} 1\n`;
    expect(parseInto(new LineTemplate(), withLabels(128), resolver).batch.count).toBe(1);
    expect(() => parseInto(new LineTemplate(), withLabels(129), resolver)).toThrow(
      expect.objectContaining({ code: 'EXPOSITION_LABEL_LIMIT' }),
    );
  });

  test('a body has a million lines at most, and a huge one costs no memory afterwards', () => {
    const resolver = new NumberingResolver();
    const template = new LineTemplate();
    parseInto(template, 'a 1\n', resolver);
    const usual = template.sizeBytes;
    const lines = (count: number) => new Uint8Array(count).fill(10);
    expect(() => parseInto(template, lines(1_000_001), resolver, 10_000)).toThrow(
      expect.objectContaining({ code: 'EXPOSITION_BODY_LIMIT', line: 1_000_001 }),
    );
    template.abandon();
    expect(template.sizeBytes).toBeLessThan(usual + 2_000_000);
    parseInto(template, lines(100_000), resolver, 10_000);
    parseInto(template, 'a 1\n', resolver);
    parseInto(template, 'a 2\n', resolver);
    expect(template.sizeBytes).toBeLessThan(usual + 2_000_000);
  });

  test('what a body will keep is told before it is accepted, indexes included', () => {
    const resolver = new NumberingResolver();
    const template = new LineTemplate();
    const lines = Array.from({ length: 5000 }, (_, at) => `a{l="${String(at)}"} 1\n`);
    parseInto(template, lines.join(''), resolver);
    const kept = template.sizeBytes;
    // Twice the lines in another order, which are looked for in an index.
    const body = bytesOf(
      lines
        .map((line) => `${line}\n`)
        .sort()
        .join(''),
    );
    template.begin(body, resolver.resolve);
    while (!template.step(1000));
    const told = template.acceptedBytes;
    template.emit(new SampleBatch(), 1);
    template.accept();
    expect(told).toBeGreaterThan(kept + 5000 + 4 * 5000);
    expect(Math.abs(template.sizeBytes - told)).toBeLessThan(20_000);
  });

  test('a step reads no more lines than it is told', () => {
    const template = new LineTemplate();
    template.begin(bytesOf('a 1\nb 1\nc 1\n'), () => 0);
    expect([template.step(2), template.step(1)]).toEqual([false, true]);
  });
});

describe(`random bodies (seed ${String(seed)})`, () => {
  test('give what a naive reader finds, whatever changes between them', () => {
    const rng = seededRng(seed);
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    let lines = Array.from({ length: 400 }, () => randomLine(rng.u32));
    let before = new Set<string>();
    for (let round = 0; round < 40; round++) {
      lines = churn(lines, rng.u32);
      const body = lines.map((line) => line + (line.startsWith('#') ? '' : randomValue(rng.u32)));
      const text = body.join('\n') + (rng.u32() % 2 === 0 ? '\n' : '');
      const { batch, summary } = parseInto(template, text, resolver, 1 + (rng.u32() % 200));
      const expected = new Map<string, string>();
      for (const { key, bits } of readNaively(text))
        if (!expected.has(key)) expected.set(key, bits);
      const found = Array.from({ length: batch.count }, (_, at) => [
        keyOfLabels(resolver.labels[batch.refs[at]!]!),
        bitsAt(batch, at),
      ]);
      // Series that are new go last.
      expect(found.sort()).toEqual([...expected].sort());
      const vanished = summary.vanished.map((ref) => keyOfLabels(resolver.labels[ref]!));
      expect(vanished.sort()).toEqual([...before].filter((key) => !expected.has(key)).sort());
      expect(summary.added).toBe([...expected.keys()].filter((key) => !before.has(key)).length);
      before = new Set(expected.keys());
    }
  });
});

function randomLine(u32: () => number): string {
  const name = ['a', 'ab', 'abc', 'b:c'][u32() % 4]!;
  if (u32() % 12 === 0) return `# HELP ${name} ${String(u32() % 3)}`;
  if (u32() % 12 === 0) return `${name} `;
  const pairs = [`x="${String(u32() % 200)}"`, `y="${['', 'é', '\\n', '\\\\'][u32() % 4]!}"`];
  if (u32() % 3 === 0) pairs.reverse();
  return `${name}{${pairs.join(u32() % 5 === 0 ? ' , ' : ',')}}${u32() % 6 === 0 ? '' : ' '}`;
}

function randomValue(u32: () => number): string {
  return ['1', '2', '1.5', '+Inf', 'NaN', '12345678901234567', '1e-7'][u32() % 7]!;
}

/** Inserts, removes, moves and repeats some lines; mostly few, sometimes all. */
function churn(lines: string[], u32: () => number): string[] {
  const next = [...lines];
  const changes = u32() % 10 === 0 ? next.length : u32() % 6;
  for (let change = 0; change < changes; change++) {
    const at = u32() % (next.length + 1);
    switch (u32() % 4) {
      case 0:
        next.splice(at, 0, randomLine(u32));
        break;
      case 1:
        next.splice(at, 1);
        break;
      case 2:
        next.splice(u32() % (next.length + 1), 0, ...next.splice(at, 1 + (u32() % 30)));
        break;
      default:
        if (next[at] !== undefined) next.splice(u32() % next.length, 0, next[at]);
    }
  }
  return next;
}
