import type { Readable } from 'node:stream';

/** What is known of an object without reading it. */
export interface ObjectHead {
  sizeBytes: number;
  /** Quoted as in HTTP; another value means other bytes. */
  etag: string;
  /** Wall time of the store at which the object was written. */
  modifiedMs: number;
}

/** The half-open range `[start, end)` of an object's bytes; without `end` it reaches to the last. */
export interface ByteRange {
  start: number;
  end?: number;
}

/** Bytes of an object on their way; the receiver reads `body` to its end or destroys it. */
export interface ObjectContent {
  /** Bytes that `body` will give; fewer end in an error, never in a silent end. */
  sizeBytes: number;
  /** Bytes of the whole object. */
  totalBytes: number;
  etag: string;
  modifiedMs: number;
  body: Readable;
}

/** One line of a listing. A prefix ends in a slash and stands for all keys that begin with it. */
export type ListEntry =
  | { kind: 'object'; key: string; sizeBytes: number; modifiedMs: number }
  | { kind: 'prefix'; key: string };

/** What is written: bytes at hand, or chunks as they come, each good until the next one is asked for. */
export type ObjectBody = Uint8Array | AsyncIterable<Uint8Array>;

/** Options of {@link ObjectStore.put}. */
export interface PutOptions {
  /** Length of the body; drivers that need it in advance refuse a body of chunks without it. */
  sizeBytes?: number;
  signal?: AbortSignal | undefined;
}

/** Options of {@link ObjectStore.get}. */
export interface GetOptions {
  range?: ByteRange;
  signal?: AbortSignal | undefined;
}

/** Options of the operations that take nothing else. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
}

/** Options of {@link ObjectStore.list}. */
export interface ListOptions {
  /** Only keys that begin with it; it may end anywhere, also within a name. Empty: all keys. */
  prefix: string;
  /** `'/'` folds everything behind the next slash into one prefix; without it all keys come. */
  delimiter?: '/';
  signal?: AbortSignal | undefined;
}

/**
 * Flat keys and bytes. Keys are relative paths with slashes (see `checkKey`); an object is seen
 * whole or not at all; writing a key again replaces it. All failures are a `StoreError`.
 */
export interface ObjectStore {
  /** Writes an object; after an error or an abort the key is as it was before. */
  put(key: string, body: ObjectBody, options?: PutOptions): Promise<ObjectHead>;
  /** Opens an object; `STORE_NOT_FOUND`, or `STORE_BAD_RANGE` when the range has no byte in it. */
  get(key: string, options?: GetOptions): Promise<ObjectContent>;
  /** What is at the key, or undefined. */
  head(key: string, options?: CallOptions): Promise<ObjectHead | undefined>;
  /** Keys in byte order. What is written or deleted meanwhile may or may not be seen. */
  list(options: ListOptions): AsyncIterable<ListEntry>;
  /** Deletes an object; a key without object is no error. */
  delete(key: string, options?: CallOptions): Promise<void>;
  /** Writes, reads back and deletes a small object at the key: proves that the store works. */
  check(key: string, options?: CallOptions): Promise<void>;
}
