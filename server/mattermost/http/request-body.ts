import { type ByteStream, ByteWriter } from '../../../lib/bytes/index.ts';
import { httpChunkBytes } from '../limits.ts';

/** Whoever sends a request body has stopped before the length that was announced. */
export class BodyCutError extends Error {
  override readonly name = 'BodyCutError';
  readonly code = 'HTTP_BODY_CUT';
  readonly missingBytes: number;

  constructor(missingBytes: number) {
    super(`the request body ended ${String(missingBytes)} bytes early`);
    this.missingBytes = missingBytes;
  }
}

/**
 * Pulls a request body: we ask for a number of bytes, the server sends as many as it has, and ends
 * the stream when the body is at its end. Nothing is asked for that nobody wants to read. A body
 * that ends before its announced length fails: whoever sent it has gone.
 * Drawn in docs/format/wire.md.
 */
export async function* pullRequestBody(
  stream: ByteStream,
  contentLength: number | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = contentLength ?? Infinity;
  while (left > 0) {
    const wanted = Math.min(httpChunkBytes, left);
    await stream.write(new ByteWriter(4).varint(wanted).finish());
    for (let missing = wanted; missing > 0;) {
      const piece = await stream.read();
      if (piece === undefined) {
        if (contentLength === undefined) return;
        throw new BodyCutError(left);
      }
      missing -= piece.length;
      left -= piece.length;
      yield piece;
    }
  }
}
