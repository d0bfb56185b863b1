import { describe, expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../runtime/index.ts';
import { SampleBatch } from '../tsdb/index.ts';
import { ExpositionError, LineTemplate, type ExpositionFormat } from './index.ts';
import { bitsAt, NumberingResolver } from './parse-body-fixture.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);
const timeMs = 1_700_000_000_000;

/** What a body comes to: its samples, or where and why it is refused. */
function outcome(
  template: LineTemplate,
  body: Uint8Array,
  resolver: NumberingResolver,
  stepLines: number,
  format: ExpositionFormat = 'text',
): string[] {
  const batch = new SampleBatch(4);
  try {
    template.begin(body.slice(), resolver.resolve, format, resolver);
    while (!template.step(stepLines));
    template.emit(batch, timeMs);
    template.accept();
  } catch (error) {
    template.abandon();
    if (!(error instanceof ExpositionError)) throw error;
    return [`${error.code} ${String(error.line)} ${String(error.offset)}`];
  }
  return Array.from(
    { length: batch.count },
    (_, at) =>
      `${String(batch.refs[at])} ${bitsAt(batch, at)} ${String(batch.timesMs[at]! - timeMs)}`,
  ).sort();
}

/** A value as exporters have it: mostly a count, of any number of digits. */
function randomValue(u32: () => number): string {
  const count = String(u32() % 10 ** (u32() % 10));
  switch (u32() % 12) {
    case 0:
      return `${count}.${String(u32())}`;
    case 1:
      return ['NaN', '+Inf', '-1', '1e3', '0.25', '12345678901234567'][u32() % 6]!;
    case 2:
      return `${count} ${String(timeMs + (u32() % 3))}`;
    default:
      return count;
  }
}

describe(`lines that repeat those before (seed ${String(seed)})`, () => {
  test('are what they are without a body before, also when bytes are wrong', () => {
    const { u32 } = seededRng(seed);
    const resolver = new NumberingResolver();
    const templates = [true, false].map((honorTimestamps) => new LineTemplate({ honorTimestamps }));
    const series = Array.from({ length: 60 }, (_, at) =>
      at % 10 === 0
        ? `# HELP family_${String(at)} what it is`
        : `family_${String(at % 7)}{${'x'.repeat(1 + (u32() % 30))}="${String(at)}"}${' '.repeat(1 + (u32() % 2))}`,
    );
    const values = series.map(() => randomValue(u32));
    let refused = 0;
    for (let round = 0; round < 150; round++) {
      for (const [at] of values.entries()) if (u32() % 3 === 0) values[at] = randomValue(u32);
      if (round % 9 === 0) series[u32() % series.length] = `new{l="${String(round)}"} `;
      const lines = series.map((text, at) => text + (text.startsWith('#') ? '' : values[at]!));
      if (u32() % 20 === 0) lines.push(`bad ${['1e400', '', 'x', '1\r'][u32() % 4]!}`);
      const body = Buffer.from(lines.join('\n') + (u32() % 4 === 0 ? '' : '\n'));
      const wrongBytes = u32() % 4 === 0 ? 1 + (u32() % 2) : 0;
      for (let i = 0; i < wrongBytes; i++) {
        body[u32() % body.length] = Buffer.from('\n\0 a"{}19.#\xff', 'latin1')[u32() % 12]!;
      }
      for (const [at, template] of templates.entries()) {
        const fresh = new LineTemplate({ honorTimestamps: at === 0 });
        const found = outcome(template, body, resolver, 1 + (u32() % 80));
        expect(found).toEqual(outcome(fresh, body, resolver, 1000));
        if (found[0]?.startsWith('EXPOSITION') === true) refused++;
      }
    }
    expect(refused).toBeGreaterThan(10);
    expect(refused).toBeLessThan(290);
  });

  test('are counts at every number of digits, and one more is no count of as many', () => {
    const template = new LineTemplate();
    const resolver = new NumberingResolver();
    const withValue = (value: string) => Buffer.from(`some_name{l="v"} ${value}\nlast 1\n`);
    for (let digits = 1; digits <= 18; digits++) {
      const nines = '9'.repeat(digits);
      for (const value of ['1'.padEnd(digits, '0'), nines, `${nines}9`, nines, `:${nines}`]) {
        const fresh = new LineTemplate();
        expect(outcome(template, withValue(value), resolver, 10)).toEqual(
          outcome(fresh, withValue(value), resolver, 10),
        );
      }
    }
  });
});
