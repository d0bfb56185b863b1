import { isDeepStrictEqual } from 'node:util';
import { GobDecoder, GobError, type GobValue } from '../../lib/gob/index.ts';
import { makeGobStream } from './gob-grammar.ts';
import { cut, mutate } from './mutate.ts';
import { NaiveEnd, NaiveGobReader, NaiveRefusal } from './naive-gob.ts';
import type { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';

/** What a reader found: values, then the end of the bytes or a refusal. */
interface Reading {
  values: GobValue[];
  /** `between values`, `inside a value`, or the code of a refusal. */
  end: string;
}

/** Refusals for size alone, which the naive reader does not know. */
const limitCodes = new Set([
  'GOB_TOO_LARGE',
  'GOB_TOO_MANY_TYPES',
  'GOB_TOO_MANY_VALUES',
  'GOB_TOO_DEEP',
]);
const limits = { maxMessageBytes: 32 * 1024 * 1024, maxDepth: 60 };

/** Valid streams must give their values; broken ones what the naive reader finds in them. */
export const gobTarget = (seeds: readonly Uint8Array[]): FuzzTarget => ({
  name: 'gob',
  run(random) {
    if (random.oneIn(3)) {
      const { bytes, values } = makeGobStream(random);
      expectSame(read(random, bytes), { values, end: 'between values' }, bytes);
      return;
    }
    const base = random.oneIn(3) ? random.pick(seeds) : makeGobStream(random).bytes;
    const bytes = mutate(random, base, random.pick(seeds));
    compareWithNaive(random, bytes);
  },
});

/** Also for stored inputs. */
export function compareWithNaive(random: Random, bytes: Uint8Array): void {
  const found = read(random, bytes);
  if (limitCodes.has(found.end)) return;
  const expected = readNaively(bytes);
  const isRefused = found.end.startsWith('GOB_');
  expectSame(isRefused ? { ...found, end: 'refused' } : found, expected, bytes);
}

function read(random: Random, bytes: Uint8Array): Reading {
  const decoder = new GobDecoder({ limits });
  const values: GobValue[] = [];
  try {
    for (const piece of cut(random, bytes)) {
      decoder.push(piece);
      for (let value = decoder.next(); value !== undefined; value = decoder.next()) {
        values.push(value);
      }
    }
    return { values, end: decoder.isMidValue ? 'inside a value' : 'between values' };
  } catch (error) {
    if (error instanceof GobError) return { values, end: error.code };
    throw error;
  }
}

function readNaively(bytes: Uint8Array): Reading {
  const reader = new NaiveGobReader(bytes);
  const values: GobValue[] = [];
  for (;;) {
    try {
      values.push(reader.next());
    } catch (error) {
      if (error instanceof NaiveEnd) return { values, end: reader.end };
      if (error instanceof NaiveRefusal) return { values, end: 'refused' };
      throw error;
    }
  }
}

function expectSame(found: Reading, expected: Reading, bytes: Uint8Array): void {
  if (isDeepStrictEqual(found, expected)) return;
  const show = ({ values, end }: Reading) =>
    `${values.length} values, ${end}, ${JSON.stringify(values, plain)}`;
  throw new Error(
    `${Buffer.from(bytes).toString('hex')}\n found ${show(found)}\n wanted ${show(expected)}`,
  );
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Map) return { map: [...value] };
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
