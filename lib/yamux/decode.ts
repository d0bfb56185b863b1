import { toHex } from '../bytes/index.ts';
import { YamuxError } from './errors.ts';
import { type FrameHeader, FrameType, PROTOCOL_VERSION, headerLength } from './frame.ts';

/** Receives what a {@link FrameDecoder} finds, in order. */
export interface FrameSink {
  header(header: FrameHeader): void;
  /** A piece of the body of the last header; a view into what was fed. */
  body(piece: Uint8Array, isLast: boolean): void;
}

/** Cuts a byte stream into frames, wherever the pieces it is fed begin and end. */
export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #header = new Uint8Array(headerLength);
  #headerFill = 0;
  #bodyLeft = 0;
  #offset = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Throws a {@link YamuxError} for a header that cannot be; the session is lost then. */
  feed(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      at += this.#bodyLeft > 0 ? this.#feedBody(chunk, at) : this.#feedHeader(chunk, at);
    }
  }

  #feedBody(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.#bodyLeft, chunk.length - at);
    this.#bodyLeft -= count;
    this.#offset += count;
    this.#sink.body(chunk.subarray(at, at + count), this.#bodyLeft === 0);
    return count;
  }

  #feedHeader(chunk: Uint8Array, at: number): number {
    const count = Math.min(headerLength - this.#headerFill, chunk.length - at);
    this.#header.set(chunk.subarray(at, at + count), this.#headerFill);
    this.#headerFill += count;
    if (this.#headerFill === headerLength) {
      const header = decodeHeader(this.#header, this.#offset);
      this.#headerFill = 0;
      this.#offset += headerLength;
      this.#bodyLeft = header.type === FrameType.data ? header.length : 0;
      this.#sink.header(header);
    }
    return count;
  }
}

/** Reads a whole header; `offset` is its place in the session, for the error. */
export function decodeHeader(bytes: Uint8Array, offset = 0): FrameHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerLength);
  const version = view.getUint8(0);
  const type = view.getUint8(1);
  const detail = { offset, excerpt: toHex(bytes, headerLength) };
  if (version !== PROTOCOL_VERSION) {
    throw new YamuxError('YAMUX_BAD_VERSION', `frame of version ${String(version)}`, detail);
  }
  if (!isFrameType(type)) {
    throw new YamuxError('YAMUX_BAD_TYPE', `frame of type ${String(type)}`, detail);
  }
  return {
    type,
    flags: view.getUint16(2),
    streamId: view.getUint32(4),
    length: view.getUint32(8),
  };
}

function isFrameType(type: number): type is FrameType {
  return type <= FrameType.goAway;
}
