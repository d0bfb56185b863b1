import type { ByteStream } from '../bytes/index.ts';
import { GoPluginError } from './errors.ts';

/**
 * Reads exactly `count` bytes and returns them with a stream that goes on after them; the given
 * stream must not be read any more.
 */
export async function readPrefix(
  stream: ByteStream,
  count: number,
): Promise<{ prefix: Uint8Array; rest: ByteStream }> {
  const prefix = new Uint8Array(count);
  let filled = 0;
  for (;;) {
    const piece = await stream.read();
    if (piece === undefined) {
      throw new GoPluginError('GOPLUGIN_BROKER_ENDED', 'the connection ended before it began');
    }
    const taken = Math.min(piece.length, count - filled);
    prefix.set(piece.subarray(0, taken), filled);
    filled += taken;
    if (filled < count) continue;
    const left = piece.subarray(taken);
    return { prefix, rest: left.length === 0 ? stream : new PrefixedStream(left, stream) };
  }
}

/** A stream whose first bytes were read already. */
class PrefixedStream implements ByteStream {
  #first: Uint8Array | undefined;
  readonly #stream: ByteStream;

  constructor(first: Uint8Array, stream: ByteStream) {
    this.#first = first;
    this.#stream = stream;
  }

  read(): Promise<Uint8Array | undefined> {
    const first = this.#first;
    if (first === undefined) return this.#stream.read();
    this.#first = undefined;
    return Promise.resolve(first);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#stream.write(bytes);
  }

  end(): Promise<void> {
    return this.#stream.end();
  }

  destroy(error?: Error): void {
    this.#first = undefined;
    this.#stream.destroy(error);
  }
}

/** Broker ids travel as 4 bytes, little endian. */
export function encodeBrokerId(id: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, id, true);
  return bytes;
}

export function decodeBrokerId(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}
