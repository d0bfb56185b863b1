import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { ExpositionFormat } from './index.ts';
import { parseBody, type ParsedSample } from './parse-body-fixture.ts';

/** A body and what Prometheus reads in it; see test/vectors/exposition/README.md. */
interface Vector {
  format: ExpositionFormat;
  reference: string;
  body: string;
  samples: { labels: [string, string][]; bits: string; time: number | null }[] | null;
}

const file = new URL('../../test/vectors/exposition/bodies.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[];

/** Labels without empty values, sorted, as one text; `le` and `quantile` as the versions differ. */
function keyOf(labels: readonly (readonly [string, string])[]): string {
  const shown = labels.filter(([, value]) => value !== '');
  const plain = shown.map(([name, value]) =>
    name === 'le' || name === 'quantile' ? [name, Number(value)] : [name, value],
  );
  return JSON.stringify(plain.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
}

function ourSample({ labels, bits, timeMs }: ParsedSample): string {
  const pairs = labels.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name, labels[at + 1] ?? '']] : [],
  );
  return `${keyOf(pairs)} ${bits} ${String(timeMs === -7 ? null : timeMs)}`;
}

function theirSamples(samples: NonNullable<Vector['samples']>): string[] {
  const first = new Map<string, string>();
  for (const { labels, bits, time } of samples) {
    const key = keyOf(labels);
    if (!first.has(key)) first.set(key, `${key} ${bits} ${String(time)}`);
  }
  return [...first.values()];
}

function read(vector: Vector): string[] | null {
  try {
    return parseBody(vector.body, vector.format).map(ourSample);
  } catch {
    return null;
  }
}

test('reads and refuses what Prometheus reads and refuses', () => {
  const isCreated = (sample: string) => sample.includes('_created"]');
  const differing = vectors.filter((vector) => {
    const ours = read(vector)?.filter((sample) => !isCreated(sample));
    const theirs = vector.samples && theirSamples(vector.samples).filter((one) => !isCreated(one));
    return JSON.stringify(ours ?? null) !== JSON.stringify(theirs);
  });
  expect(differing.map(({ format, body }) => ({ format, body }))).toEqual([]);
  expect(vectors.length).toBeGreaterThan(400);
  expect(vectors.filter(({ samples }) => samples === null).length).toBeGreaterThan(200);
});
