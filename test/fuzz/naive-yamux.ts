// What a session must make of a peer's bytes when nobody reads, written from the protocol's
// description for comparison only.

interface NaiveStream {
  id: number;
  bytes: string;
  /** Bytes that the peer may still send. */
  window: number;
  /** Credit that the peer has given. */
  credit: number;
  hasEnded: boolean;
}

export interface NaiveOutcome {
  /** Code of the error that ends the session. */
  error: string | undefined;
  /** Every stream that was ever accepted. */
  streams: { id: number; bytes: string }[];
  /** Hex of the frames that are sent back. */
  answers: string[];
}

const startWindow = 262_144;

class Violation extends Error {}

export class NaiveYamux {
  readonly #maxStreams: number;
  readonly #open = new Map<number, NaiveStream>();
  readonly #accepted: NaiveStream[] = [];
  readonly #answers: string[] = [];

  constructor(maxStreams: number) {
    this.#maxStreams = maxStreams;
  }

  read(bytes: Uint8Array): NaiveOutcome {
    const view = Buffer.from(bytes);
    let error: string | undefined;
    try {
      for (let at = 0; view.length - at >= 12;) at += this.#frame(view.subarray(at));
    } catch (cause) {
      if (!(cause instanceof Violation)) throw cause;
      error = cause.message;
    }
    const streams = this.#accepted.map(({ id, bytes: received }) => ({ id, bytes: received }));
    return { error, streams, answers: this.#answers };
  }

  /** Returns how many bytes the frame took. */
  #frame(bytes: Buffer): number {
    const type = bytes.readUInt8(1);
    if (bytes.readUInt8(0) !== 0) throw new Violation('YAMUX_BAD_VERSION');
    if (type > 3) throw new Violation('YAMUX_BAD_TYPE');
    const [flags, id, length] = [
      bytes.readUInt16BE(2),
      bytes.readUInt32BE(4),
      bytes.readUInt32BE(8),
    ];
    if (type === 3 && length !== 0) throw new Violation('YAMUX_GO_AWAY');
    if (type === 2 && (flags & 1) !== 0) this.#answer(2, 2, 0, length);
    if (type > 1) return 12;
    const stream = this.#streamOf(flags, id);
    if (type === 1) {
      if (stream !== undefined) stream.credit += length;
      if (stream !== undefined && stream.credit > 0xffff_ffff) {
        throw new Violation('YAMUX_CREDIT_OVERFLOW');
      }
    } else if (stream !== undefined) {
      if (length > stream.window) throw new Violation('YAMUX_WINDOW_EXCEEDED');
      stream.window -= length;
      if (!stream.hasEnded) stream.bytes += bytes.subarray(12, 12 + length).toString('latin1');
    }
    const isWhole = type === 1 || bytes.length >= 12 + length;
    if ((flags & 4) !== 0 && stream !== undefined && isWhole) {
      if (stream.hasEnded) throw new Violation('YAMUX_BAD_FLAG');
      stream.hasEnded = true;
    }
    return type === 1 ? 12 : 12 + length;
  }

  #streamOf(flags: number, id: number): NaiveStream | undefined {
    if ((flags & 1) !== 0) {
      if (id % 2 === 0) throw new Violation('YAMUX_BAD_STREAM_ID');
      if (this.#open.has(id)) throw new Violation('YAMUX_DUPLICATE_STREAM');
      if ((flags & 8) !== 0) return undefined;
      if (this.#open.size >= this.#maxStreams) {
        this.#answer(1, 8, id, 0);
        return undefined;
      }
      const stream = { id, bytes: '', window: startWindow, credit: startWindow, hasEnded: false };
      this.#open.set(id, stream);
      this.#accepted.push(stream);
      this.#answer(1, 2, id, 0);
    }
    const stream = this.#open.get(id);
    if ((flags & 8) === 0) return stream;
    this.#open.delete(id);
    return undefined;
  }

  #answer(type: number, flags: number, id: number, length: number): void {
    const header = Buffer.alloc(12);
    header.writeUInt8(type, 1);
    header.writeUInt16BE(flags, 2);
    header.writeUInt32BE(id, 4);
    header.writeUInt32BE(length, 8);
    this.#answers.push(header.toString('hex'));
  }
}
