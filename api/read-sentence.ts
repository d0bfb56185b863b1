// Reading sentences: what is no sentence is left out, because the English text beside it says the same.
import { fields, type Reader } from './read.ts';
import {
  maxDepth,
  maxListed,
  maxValueChars,
  type Sentence,
  type SentenceValue,
  type SentenceValues,
} from './sentence.ts';

const maxValues = 12;
const idShape = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;
const nameShape = /^[a-zA-Z]{1,32}$/;

/** The sentence that a value is, or undefined. Never throws. */
export function optionalSentence(value: unknown): Sentence | undefined {
  return sentenceIn(value, 0);
}

/** The sentences that a value lists, or undefined when one of them is none. */
export function optionalSentences(value: unknown): Sentence[] | undefined {
  return sentencesIn(value, 0);
}

function sentenceIn(value: unknown, depth: number): Sentence | undefined {
  if (typeof value !== 'object' || value === null || depth > maxDepth) return undefined;
  const { id, values } = value as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' || id.length > 64 || !idShape.test(id)) return undefined;
  const read = valuesIn(values, depth + 1);
  return read && { id, values: read };
}

function valuesIn(value: unknown, depth: number): SentenceValues | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value);
  if (entries.length > maxValues) return undefined;
  const read: Record<string, SentenceValue> = {};
  for (const [name, content] of entries) {
    const told = valueIn(content, depth);
    if (told === undefined || !nameShape.test(name)) return undefined;
    read[name] = told;
  }
  return read;
}

function valueIn(value: unknown, depth: number): SentenceValue | undefined {
  if (typeof value === 'string') return value.length <= maxValueChars ? value : undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return Array.isArray(value) ? sentencesIn(value, depth) : sentenceIn(value, depth);
}

function sentencesIn(value: unknown, depth: number): Sentence[] | undefined {
  if (!Array.isArray(value) || value.length > maxListed) return undefined;
  const read = value.map((item) => sentenceIn(item, depth)).filter((one) => one !== undefined);
  return read.length === value.length ? read : undefined;
}

/** Reads the fields of `T`; those that read as undefined are left out. */
export function withoutAbsent<T extends object>(readers: {
  [K in keyof T]-?: Reader<T[K] | undefined>;
}): Reader<T> {
  const read = fields<Record<string, unknown>>(readers);
  return (value, path) => {
    const told = Object.entries(read(value, path)).filter(([, field]) => field !== undefined);
    return Object.fromEntries(told) as T;
  };
}
