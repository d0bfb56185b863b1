import type { Readable } from 'node:stream';
import type { StoreErrorCode } from '../errors.ts';
import type { ListEntry, ObjectHead } from '../object-store.ts';

/** An object that a service began to send. */
export interface RemoteContent extends ObjectHead {
  /** Bytes of the whole object are `sizeBytes`; the body has those from `start`, to `end`. */
  start: number;
  end: number;
  body: Readable;
}

/** Some lines of a listing, and where the next ones begin. */
export interface RemotePage {
  entries: ListEntry[];
  next: string | undefined;
}

/** An upload in parts under way; numbers count from 1. */
export interface RemoteUpload {
  putPart(number: number, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void>;
  complete(signal: AbortSignal | undefined): Promise<void>;
  abandon(signal: AbortSignal): Promise<void>;
}

/** What a failure of a service means. */
export interface Fault {
  code: StoreErrorCode;
  /** The service's own name of it; never with keys, signatures or addresses. */
  name: string;
  isRetryable: boolean;
}

/**
 * One request each to a service on the network, by the names the service knows ({@link RemoteStore}
 * adds prefix, retries and checks). Failures are the service's own; `explain` names them.
 */
export interface RemoteClient {
  put(name: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void>;
  startUpload(name: string, signal: AbortSignal | undefined): Promise<RemoteUpload>;
  /** `end` undefined reads to the last byte; `range` undefined reads all, also of an empty object. */
  open(
    name: string,
    range: { start: number; end: number | undefined } | undefined,
    signal: AbortSignal | undefined,
  ): Promise<RemoteContent>;
  head(name: string, signal: AbortSignal | undefined): Promise<ObjectHead | undefined>;
  listPage(
    options: { prefix: string; delimiter: '/' | undefined; token: string | undefined },
    signal: AbortSignal | undefined,
  ): Promise<RemotePage>;
  delete(name: string, signal: AbortSignal | undefined): Promise<void>;
  explain(error: unknown): Fault;
  close(): void;
}
