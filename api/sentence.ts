import { english, type SentenceId } from './sentences/index.ts';

/**
 * What the server tells people, in a form that another language can be made of: which sentence of the
 * catalogue it is, and the raw values in it. The end of a value's name says what it is: `…Bytes` a
 * size, `…Ms` a duration, `…Time` milliseconds since the epoch, `…Count` a number. Everything else is a
 * text (a name, an address, a code), a sentence inside this one, or a list of such.
 */
export interface Sentence {
  readonly id: string;
  readonly values: SentenceValues;
}

export type SentenceValue = string | number | Sentence | readonly Sentence[];
export type SentenceValues = Readonly<Record<string, SentenceValue>>;

/** Longest text in a sentence, the most sentences of a list, and how deep they stand in each other. */
export const maxValueChars = 300;
export const maxListed = 50;
export const maxDepth = 4;

/** A sentence of the catalogue that this version knows: what all that tells people is made of. */
export interface KnownSentence extends Sentence {
  readonly id: SentenceId;
}

/** Whether this version can say a sentence that was told to it. */
export function isKnownSentence(sentence: Sentence): sentence is KnownSentence {
  return Object.hasOwn(english, sentence.id);
}

type English = typeof english;

/** The values that the template of a sentence names. */
export type ValuesOf<Id extends SentenceId> = {
  readonly [Name in NamesIn<English[Id]>]: Name extends NumberName ? number : TextValue;
};

type TextValue = string | KnownSentence | readonly KnownSentence[];
type NumberName = `${string}${'Bytes' | 'Ms' | 'Time' | 'Count'}`;

/** Names in braces; the branches of a plural, which have blanks or `#`, are none. */
type NamesIn<Template extends string> = Template extends `${string}{${infer Rest}`
  ? HeadName<Rest extends `${infer Head}{${string}` ? Head : Rest> | NamesIn<Rest>
  : never;
type HeadName<Head extends string> = Head extends `${infer Name}, plural,${string}`
  ? PlainName<Name>
  : Head extends `${infer Name}}${string}`
    ? PlainName<Name>
    : never;
type PlainName<Name extends string> = Name extends `${string}${' ' | '#' | '}'}${string}`
  ? never
  : Name;

type Arguments<Id extends SentenceId> = keyof ValuesOf<Id> extends never ? [] : [ValuesOf<Id>];

/** A sentence of the catalogue with its values; long texts are cut. */
export function say<Id extends SentenceId>(id: Id, ...[values]: Arguments<Id>): KnownSentence {
  const given: SentenceValues = values ?? {};
  const told = Object.entries(given).map(([name, value]) => [name, bounded(value)]);
  return { id, values: Object.fromEntries(told) as SentenceValues };
}

function bounded(value: SentenceValue): SentenceValue {
  if (typeof value === 'string') {
    return value.length > maxValueChars ? `${value.slice(0, maxValueChars - 1)}…` : value;
  }
  return isSentenceList(value) ? value.slice(0, maxListed) : value;
}

/** Whether a value lists sentences. */
export function isSentenceList(value: SentenceValue): value is readonly Sentence[] {
  return Array.isArray(value);
}
