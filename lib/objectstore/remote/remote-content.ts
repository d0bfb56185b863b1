import type { Readable } from 'node:stream';
import { StoreError } from '../errors.ts';
import type { RemoteContent } from './remote-client.ts';

/** What a service's answer says of the bytes that it sends. */
export interface ContentAnswer {
  body: Readable | undefined;
  /** Bytes of the body. */
  lengthBytes: number | undefined;
  /** The header `Content-Range`. */
  range: string | undefined;
  etag: string | undefined;
  modified: Date | undefined;
}

/** The place of the bytes in the object; an answer that ignores the range cannot be used. */
export function contentOf(answer: ContentAnswer, isRange: boolean, name: string): RemoteContent {
  const { body, lengthBytes } = answer;
  const place = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.range ?? '');
  if (body === undefined || lengthBytes === undefined || (isRange && place === null)) {
    body?.destroy();
    throw new StoreError('STORE_FAILED', 'the store did not say which bytes it sends', name);
  }
  const start = place === null ? 0 : Number(place[1]);
  return {
    start,
    end: start + lengthBytes,
    sizeBytes: place === null ? lengthBytes : Number(place[3]),
    etag: answer.etag ?? '',
    modifiedMs: answer.modified?.getTime() ?? 0,
    body,
  };
}
