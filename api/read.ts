// Readers of JSON values: each takes something unknown and its path, and answers with a typed value
// or throws. What passed here is trusted from then on, by the page and by other nodes.

/** An answer that is not what the API promises. */
export class AnswerError extends Error {
  constructor(path: string, wanted: string) {
    super(`${path} is not ${wanted}`);
    this.name = 'AnswerError';
  }
}

export type Reader<T> = (value: unknown, path: string) => T;

export const text: Reader<string> = (value, path) => {
  if (typeof value !== 'string') {
    throw new AnswerError(path, 'a text');
  }
  return value;
};

export const number: Reader<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new AnswerError(path, 'a number');
  }
  return value;
};

export const flag: Reader<boolean> = (value, path) => {
  if (typeof value !== 'boolean') {
    throw new AnswerError(path, 'true or false');
  }
  return value;
};

export function oneOf<const T extends string>(...words: readonly T[]): Reader<T> {
  return (value, path) => {
    const found = words.find((word) => word === value);
    if (found === undefined) {
      throw new AnswerError(path, `one of ${words.join(', ')}`);
    }
    return found;
  };
}

export function nullable<T>(read: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null || value === undefined ? null : read(value, path));
}

/** What is missing is `other`: nodes of an older plugin version do not tell it. */
export function orElse<T>(read: Reader<T>, other: T): Reader<T> {
  return (value, path) => (value === undefined ? other : read(value, path));
}

/** A missing list is an empty one: Go and JavaScript servers differ in how they write it. */
export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value, path) => {
    if (value === null || value === undefined) {
      return [];
    }
    if (!Array.isArray(value)) {
      throw new AnswerError(path, 'a list');
    }
    return value.map((item: unknown, i) => read(item, `${path}[${String(i)}]`));
  };
}

export function record<T>(read: Reader<T>): Reader<Record<string, T>> {
  return (value, path) => {
    const fields = Object.entries(object(value, path));
    return Object.fromEntries(fields.map(([key, item]) => [key, read(item, `${path}.${key}`)]));
  };
}

/** Reads every field named in `readers`; other fields are left out. */
export function fields<T extends object>(readers: { [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  return (value, path) => {
    const source = object(value, path);
    const result: Partial<T> = {};
    for (const key of Object.keys(readers) as (keyof T & string)[]) {
      result[key] = readers[key](source[key], `${path}.${key}`);
    }
    return result as T;
  };
}

function object(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AnswerError(path, 'an object');
  }
  return value as Record<string, unknown>;
}
