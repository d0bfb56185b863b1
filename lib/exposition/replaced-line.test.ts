import { describe, expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../runtime/index.ts';
import { SampleBatch } from '../tsdb/index.ts';
import { LineTemplate, type SeriesVariants, type VariantResolver } from './index.ts';
import { maxPutOffLines } from './limits.ts';
import { keyOfLabels } from './naive-twin-fixture.ts';
import { bitsAt, bytesOf, NumberingResolver, parseInto } from './parse-body-fixture.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);

/** Numbers series, and does not want those with a certain value. */
class ChoosyResolver extends NumberingResolver {
  /** How many series were asked for together. */
  together = 0;

  readonly choose = (labels: string[]): number =>
    labels.includes('unwanted') ? -1 : this.resolve(labels);

  override vary(ref: number, label: string, value: string): number | undefined {
    return value === 'unwanted' ? undefined : super.vary(ref, label, value);
  }

  override varyEach(variants: SeriesVariants): void {
    this.together += variants.count;
    super.varyEach(variants);
  }
}

/** What a body is found to be, in words that do not depend on how series are numbered. */
function read(
  template: LineTemplate,
  body: string,
  resolver: ChoosyResolver,
  stepLines: number,
  variants?: VariantResolver,
) {
  const batch = new SampleBatch(4);
  const keyOf = (ref: number) => keyOfLabels(resolver.labels[ref]!);
  try {
    template.begin(bytesOf(body), resolver.choose, 'text', variants);
    while (!template.step(stepLines));
    const { vanished, newComments: _, ...counts } = template.emit(batch, -7);
    template.accept();
    const samples = Array.from({ length: batch.count }, (__, at) =>
      [keyOf(batch.refs[at]!), bitsAt(batch, at), batch.timesMs[at]].join(' '),
    );
    return { ...counts, samples: samples.sort(), vanished: vanished.map(keyOf).sort() };
  } catch (error) {
    template.abandon();
    const { code, line } = error as { code?: string; line?: number };
    if (code === undefined) throw error;
    // Lines are counted when some were taken over together.
    return code === 'EXPOSITION_SAMPLE_LIMIT' ? { code } : { code, line };
  }
}

const values = ['', 'a', 'é', 'x=', '}', ',', '\\"', '\\"x=', '\\\\', '\\n', 'unwanted', 'l="'];

function randomLabels(u32: () => number): string {
  const value = () => {
    const plain = u32() % 4 !== 0 ? String(u32() % 1000) : values[u32() % values.length]!;
    return plain.replace(/(?<!\\)"/, '\\"');
  };
  const separators = [',', ',', ',', '', ' ,', ', '];
  const pairs = ['host', 'l', 'session_id'].slice(0, 1 + (u32() % 3));
  return pairs.map((name) => `${name}="${value()}"`).join(separators[u32() % separators.length]);
}

function randomSeries(u32: () => number): string {
  const name = ['some_metric', 'some_metrics', 'm'][u32() % 3]!;
  const labels = u32() % 20 === 0 ? '' : `{${randomLabels(u32)}}`;
  return `${name}${labels}${u32() % 8 === 0 ? '' : ' '.repeat(1 + (u32() % 3 === 0 ? 1 : 0))}`;
}

/** The same series with other digits in one place: as what takes the place of one that ended. */
function replaced(series: string, u32: () => number): string {
  if (u32() % 10 === 0) return series.replace(/[,"] ?l=/, (text) => text.replace('l', 'm'));
  const numbers = [...series.matchAll(/\d+/g)];
  const one = numbers[u32() % Math.max(1, numbers.length)];
  if (one === undefined) return randomSeries(u32);
  const other = ['', 'é', '\\\\', 'unwanted'][u32() % 40] ?? String(u32() % 5000);
  return series.slice(0, one.index) + other + series.slice(one.index + one[0].length);
}

function changed(lines: readonly string[], u32: () => number): string[] {
  const next = lines.map((line) =>
    !line.startsWith('#') && u32() % 12 === 0 ? replaced(line, u32) : line,
  );
  const news = next.filter((line, at) => line !== lines[at]);
  if (news.length > 0) next.splice(u32() % next.length, 0, news[u32() % news.length]!);
  for (let change = u32() % 5; change > 0; change--) {
    const at = u32() % next.length;
    const moved = next[at]!;
    if (u32() % 4 === 0) next.splice(at, 1 + (u32() % 3));
    else if (u32() % 3 === 0) next.splice(u32() % next.length, 0, moved);
    else if (u32() % 2 === 0) next.splice(at, 0, randomSeries(u32), '# a comment');
    else {
      next.splice(at, 1);
      next.splice(u32() % (next.length + 1), 0, moved, replaced(moved, u32));
    }
  }
  return next.filter((line) => line !== '');
}

describe(`lines in the place of others (seed ${String(seed)})`, () => {
  test.each([
    ['as they come', {}],
    ['where times count', { honorTimestamps: true }],
    ['up to a limit', { maxSamples: 330 }],
  ])('are what they are when they are tokenised: %s', (_, options) => {
    const { u32 } = seededRng(seed);
    const ours = new LineTemplate(options);
    const theirs = new LineTemplate(options);
    const ourResolver = new ChoosyResolver();
    const theirResolver = new ChoosyResolver();
    let lines = Array.from({ length: 300 }, () => randomSeries(u32));
    for (let round = 0; round < 60; round++) {
      const isWrong = u32() % 9 === 0;
      const body = lines.map((line) => {
        if (line.startsWith('#')) return line;
        const value = ['1', '22', '1.5', 'NaN', '+Inf'][u32() % 5]!;
        const time = round > 30 && u32() % 9 === 0 ? ` ${String(u32() % 50)}` : '';
        return `${line}${/[ }]$/.test(line) ? '' : ' '}${value}${time}`;
      });
      if (isWrong) body[u32() % body.length]! += [' x', '"', '{'][u32() % 3]!;
      const text = `${body.join('\n')}\n`;
      const stepLines = 1 + (u32() % 200);
      const found = read(ours, text, ourResolver, stepLines, ourResolver);
      expect([round, found]).toEqual([round, read(theirs, text, theirResolver, stepLines)]);
      lines = changed(lines, u32);
    }
    expect(ourResolver.together).toBeGreaterThan(100);
    expect(theirResolver.together).toBe(0);
  });

  test('are asked for together, each label by itself, and no more than there is room for', () => {
    const lines = (at: number) =>
      Array.from({ length: 3 * maxPutOffLines }, (_, line) =>
        line < 2 * maxPutOffLines ? `m{a="${String(line)}",b="${String(at)}"} 1\n` : '',
      ).join('') + `m{c="1${String(at)}"} 1\n# end\n`;
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    parseInto(template, lines(100), resolver, 10_000);
    const asked: [string, number][] = [];
    template.begin(bytesOf(lines(101)), resolver.resolve, 'text', {
      vary: () => undefined,
      varyEach: (variants) => {
        asked.push([variants.name, variants.count]);
        resolver.varyEach(variants);
      },
    });
    while (!template.step(10_000));
    const { added, vanished } = template.emit(new SampleBatch(), 0);
    expect([added, vanished.length]).toEqual([2 * maxPutOffLines + 1, 2 * maxPutOffLines + 1]);
    expect(asked.pop()).toEqual(['c', 1]);
    for (const [name, count] of asked) {
      expect(name).toBe('b');
      expect(count).toBeLessThanOrEqual(maxPutOffLines);
    }
    // The others have hashes that might be those of known lines.
    const together = asked.reduce((sum, [, count]) => sum + count, 0);
    expect(together).toBeGreaterThan(1.5 * maxPutOffLines);
  });

  test.each([
    ['in the same words', 'm{a="1"} 1\nn 1\n', 'm{a="3"} 5\nn 1\nm{a="3"} 6\n'],
    ['in other words', 'm{a="1"} 1\nm{ a="2"} 1\nn 1\n', 'm{a="3"} 5\nm{ a="3"} 6\nn 1\n'],
  ])('count where their series stands first: %s', (_, known, added) => {
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    parseInto(template, known, resolver, 10);
    for (const news of [1, 0]) {
      const { batch, summary } = parseInto(template, added, resolver, 10);
      expect(summary).toMatchObject({ samples: 2, lines: 3, duplicates: 1, added: news });
      const of = (metric: string) =>
        [0, 1].filter((at) => resolver.labels[batch.refs[at]!]![1] === metric);
      expect(of('m').map((at) => bitsAt(batch, at).slice(0, 4))).toEqual(['4014']);
      expect(of('n')).toHaveLength(1);
    }
  });

  test('are forgotten with a body that is given up', () => {
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    parseInto(template, 'm{a="1"} 1\nn 1\n', resolver);
    template.begin(bytesOf('m{a="2"} 1\nn 1\n'), resolver.resolve, 'text', resolver);
    expect(template.step(1)).toBe(false);
    template.abandon();
    expect(template.live()).toEqual([0, 1]);
    const { summary } = parseInto(template, 'm{a="1"} 1\nn 1\n', resolver);
    expect(summary).toMatchObject({ samples: 2, added: 0, vanished: [] });
  });
});
