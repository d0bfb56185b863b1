import { ByteReader, type ByteStream } from '../../lib/bytes/index.ts';

/** The server copies bodies in pieces of this size, as they arrive. */
const pieceBytes = 32 * 1024;

/**
 * Serves a request body to a plugin that pulls it: the plugin asks for a number of bytes (zigzag
 * varint), gets as many as there are, and the stream ends where the body does.
 */
export async function serveRequestBody(
  stream: ByteStream,
  body: AsyncIterator<Uint8Array>,
): Promise<void> {
  const source = new BodySource(body);
  let asked = new Uint8Array();
  for (;;) {
    const reader = new ByteReader(asked);
    const count = asked.length === 0 ? 0 : reader.varint();
    if (asked.length === 0 || reader.error?.code === 'BYTES_TRUNCATED') {
      const chunk = await stream.read();
      if (chunk === undefined) break;
      asked = Buffer.concat([asked, chunk]);
      continue;
    }
    reader.check();
    asked = asked.slice(reader.offset);
    if (!(await copy(source, stream, count))) break;
  }
  await stream.end();
}

/** False at the end of the body. */
async function copy(source: BodySource, stream: ByteStream, count: number): Promise<boolean> {
  for (let left = count; left > 0;) {
    const piece = await source.read(Math.min(left, pieceBytes));
    if (piece === undefined) return false;
    await stream.write(piece);
    left -= piece.length;
  }
  return true;
}

/** Hands a body out in pieces of at most the size asked for. */
class BodySource {
  readonly #body: AsyncIterator<Uint8Array>;
  #rest = new Uint8Array();

  constructor(body: AsyncIterator<Uint8Array>) {
    this.#body = body;
  }

  async read(most: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#body.next();
      if (next.done === true) return undefined;
      this.#rest = new Uint8Array(next.value);
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }
}
