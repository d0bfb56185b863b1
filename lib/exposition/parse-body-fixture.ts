import { assert } from '../runtime/index.ts';
import { SampleBatch } from '../tsdb/index.ts';
import {
  LineTemplate,
  type BodySummary,
  type ExpositionFormat,
  type SeriesVariants,
  type VariantResolver,
} from './index.ts';

export interface ParsedSample {
  labels: string[];
  /** Bits of the value, 16 hex digits. */
  bits: string;
  timeMs: number;
}

const encoder = new TextEncoder();

/** Bytes of a text; characters up to `\xff` that are marked as bytes stand for themselves. */
export function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? encoder.encode(text) : text;
}

export function bitsAt(batch: SampleBatch, at: number): string {
  const half = (value: number | undefined) => (value ?? 0).toString(16).padStart(8, '0');
  return half(batch.hi[at]) + half(batch.lo[at]);
}

/** A resolver that numbers label sets in order of appearance. */
export class NumberingResolver implements VariantResolver {
  readonly labels: string[][] = [];
  readonly #refs = new Map<string, number>();
  #asked = 0;
  calls = 0;
  /** How many of them were about a series like a known one. */
  variants = 0;

  readonly resolve = (labels: string[]): number => {
    this.calls++;
    const key = this.#keyOf(labels);
    const known = this.#refs.get(key);
    if (known !== undefined) return known;
    this.labels.push(labels);
    this.#refs.set(key, this.labels.length - 1);
    return this.labels.length - 1;
  };

  /** The series is found by the labels that the known one was exposed with, one of them changed. */
  vary(ref: number, label: string, value: string): number | undefined {
    const labels = this.labels[ref]!.slice();
    const at = labels.findIndex((text, index) => index % 2 === 0 && text === label);
    assert(at > 0 && labels[at + 1] !== value, 'the known series has another value');
    labels[at + 1] = value;
    this.variants++;
    return this.resolve(labels);
  }

  /** Says of every third that it cannot tell. */
  varyEach({ count, refs, name, values, found }: SeriesVariants): void {
    for (let at = 0; at < count; at++) {
      const isTold = ++this.#asked % 3 !== 0;
      found[at] = (isTold ? this.vary(refs[at]!, name, values[at]!) : undefined) ?? -1;
    }
  }

  #keyOf(labels: readonly string[]): string {
    const pairs: string[] = [];
    for (let at = 0; at < labels.length; at += 2) {
      if (labels[at + 1] !== '') pairs.push(`${String(labels[at])}\u0001${String(labels[at + 1])}`);
    }
    return pairs.sort().join('\u0002');
  }
}

/** Parses one body to its end in steps of `stepLines`; the template keeps it. */
export function parseInto(
  template: LineTemplate,
  body: string | Uint8Array,
  resolver: NumberingResolver,
  stepLines = 5,
  format: ExpositionFormat = 'text',
): { batch: SampleBatch; summary: BodySummary } {
  const batch = new SampleBatch(4);
  template.begin(bytesOf(body), resolver.resolve, format, resolver);
  while (!template.step(stepLines));
  const summary = template.emit(batch, -7);
  template.accept();
  return { batch, summary };
}

/** The samples of a single body; -7 stands where it gave no time. */
export function parseBody(
  body: string | Uint8Array,
  format: ExpositionFormat = 'text',
): ParsedSample[] {
  const resolver = new NumberingResolver();
  const { batch } = parseInto(
    new LineTemplate({ honorTimestamps: true }),
    body,
    resolver,
    5,
    format,
  );
  return Array.from({ length: batch.count }, (_, at) => ({
    labels: resolver.labels[batch.refs[at]!]!,
    bits: bitsAt(batch, at),
    timeMs: batch.timesMs[at]!,
  }));
}
