import { describe, expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../runtime/index.ts';
import { SampleBatch } from '../tsdb/index.ts';
import { LineTemplate, type BodySummary, type ExpositionFormat } from './index.ts';
import { bitsAt, bytesOf, NumberingResolver } from './parse-body-fixture.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000_007);
const scrapeTimeMs = 1_700_000_000_000;

/** One line of a synthetic body. */
interface Line {
  text: string;
  value: string;
  time: string;
}

/** What a template made of a body. */
interface Parsed {
  samples: string[];
  refs: number[];
  summary: BodySummary;
}

/** Every fifth series is not wanted. */
class PickyResolver extends NumberingResolver {
  readonly resolveWanted = (labels: string[]): number => {
    const ref = this.resolve(labels);
    return ref % 5 === 4 ? -1 : ref;
  };
}

function parse(
  template: LineTemplate,
  body: string,
  resolver: PickyResolver,
  stepLines: number,
  format: ExpositionFormat,
): Parsed {
  const batch = new SampleBatch(4);
  template.begin(bytesOf(body), resolver.resolveWanted, format);
  while (!template.step(stepLines));
  const summary = template.emit(batch, scrapeTimeMs);
  template.accept();
  const refs = [...batch.refs.subarray(0, batch.count)];
  const samples = refs.map((ref, at) => `${ref} ${bitsAt(batch, at)} ${String(batch.timesMs[at])}`);
  return { samples, refs, summary };
}

describe(`a template that goes from body to body (seed ${String(seed)})`, () => {
  test.each(['text', 'openmetrics'] as const)(
    'finds what one without a past finds: %s',
    (format) => {
      const { u32 } = seededRng(seed);
      const template = new LineTemplate({ honorTimestamps: true });
      const resolver = new PickyResolver();
      let lines = Array.from({ length: 300 }, () => randomLine(u32, format));
      // Series that a staleness marker is due for when they are gone.
      let mortal = new Set<number>();
      let known = new Set<number>();
      for (let round = 0; round < 30; round++) {
        lines = changed(lines, u32, format);
        const body = lines.map(({ text, value, time }) => text + value + time).join('\n');
        const whole = format === 'text' ? body : `${body}\n# EOF`;
        const isDead = (ref: number) => round % 7 === 3 && ref % 11 === 0;
        template.forget(isDead);
        if (round % 9 === 5) template.forgetDropped();
        const ours = parse(template, whole, resolver, 1 + (u32() % 300), format);
        const fresh = new LineTemplate({ honorTimestamps: true });
        const theirs = parse(fresh, whole, resolver, 1000, format);
        expect(ours.samples).toEqual(theirs.samples);
        const { lines: count, duplicates, dropped } = theirs.summary;
        expect(ours.summary).toMatchObject({ lines: count, dropped, duplicates });
        const here = new Set(theirs.refs);
        const vanished = [...mortal].filter((ref) => !here.has(ref) && !isDead(ref));
        expect(ours.summary.vanished.toSorted(byNumber)).toEqual(vanished.toSorted(byNumber));
        // What was forgotten is resolved as if it were new, and yet no addition.
        if (round % 7 !== 3) {
          expect(ours.summary.added).toBe([...here].filter((ref) => !known.has(ref)).length);
        }
        mortal = new Set(fresh.live());
        known = here;
      }
    },
  );
});

function byNumber(a: number, b: number): number {
  return a - b;
}

const words = ['up', 'http_requests_total', 'a', 'ab', 'process_cpu_seconds_total'];
const values = ['0', '7', '12', '123', '1234', '12345678', '123456789', '1234567890', '-3', '007'];
values.push('1.5', '0.1', '179450.20266054894', '1e9', '1.2e-7', 'NaN', '+Inf', '-Inf', '0.000');

function pick<Item>(items: readonly Item[], u32: () => number): Item {
  return items[u32() % items.length]!;
}

function randomLine(u32: () => number, format: ExpositionFormat): Line {
  const name = pick(words, u32);
  if (u32() % 10 === 0) {
    return { text: `# HELP ${name} ${String(u32() % 5)}`, value: '', time: '' };
  }
  const labels = [`x="${String(u32() % 200)}"`, `path="${'/a/b'.repeat(u32() % 5)}"`, 'z="é"'];
  if (u32() % 4 === 0) labels.reverse();
  const braces = u32() % 20 === 0 ? '' : `{${labels.join(',')}}`;
  const delimiter = format === 'text' && braces !== '' && u32() % 8 === 0 ? '' : ' ';
  return { text: name + braces + delimiter, ...randomValue(u32, format) };
}

function randomValue(u32: () => number, format: ExpositionFormat): Pick<Line, 'value' | 'time'> {
  if (u32() % 6 > 0) return { value: pick(values, u32), time: '' };
  const time =
    format === 'text' ? String(u32() % 1e9) : `${String(u32() % 1e6)}.${String(u32() % 1e3)}`;
  return { value: pick(values, u32), time: ` ${time}` };
}

/** Inserts, removes, replaces, moves and repeats lines, single ones and blocks; values change, too. */
function changed(lines: readonly Line[], u32: () => number, format: ExpositionFormat): Line[] {
  const next = lines.map((line) => {
    const isSample = !line.text.startsWith('#');
    return isSample && u32() % 3 === 0 ? { ...line, ...randomValue(u32, format) } : line;
  });
  const changes = pick([0, 1, 3, 10, 60, u32() % 20 === 0 ? 300 : 0], u32);
  for (let change = 0; change < changes; change++) {
    const at = u32() % (next.length + 1);
    const size = u32() % 3 === 0 ? 1 + (u32() % 40) : 1;
    const fresh = () => Array.from({ length: size }, () => randomLine(u32, format));
    switch (u32() % 5) {
      case 0:
        next.splice(at, 0, ...fresh());
        break;
      case 1:
        next.splice(at, size);
        break;
      case 2:
        next.splice(at, size, ...fresh());
        break;
      case 3:
        next.splice(u32() % (next.length + 1), 0, ...next.splice(at, size));
        break;
      default:
        next.splice(u32() % (next.length + 1), 0, ...next.slice(at, at + size));
    }
  }
  return next;
}
