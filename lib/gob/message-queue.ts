import { GobError } from './errors.ts';

/** Longest prefix that carries a message's byte count: a marker byte and eight digits. */
const maxPrefixBytes = 9;

/** Cuts a stream of bytes into gob messages: a byte count, then as many bytes. */
export class MessageQueue {
  readonly #maxMessageBytes: number;
  readonly #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are already taken. */
  #taken = 0;
  #buffered = 0;
  #messageBytes: number | undefined;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Bytes that belong to no complete message yet. */
  get buffered(): number {
    return this.#buffered;
  }

  /** Whether the beginning of a message was seen but not its end. */
  get isMidMessage(): boolean {
    return this.#buffered > 0 || this.#messageBytes !== undefined;
  }

  /** Appends bytes, which must not change afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  /** The content of the next message, or undefined while bytes are missing. */
  take(): Uint8Array | undefined {
    this.#messageBytes ??= this.#takeLength();
    const wanted = this.#messageBytes;
    if (wanted === undefined || this.#buffered < wanted) return undefined;
    this.#messageBytes = undefined;
    return this.#takeBytes(wanted);
  }

  #takeLength(): number | undefined {
    const first = this.#peek(0);
    if (first === undefined) return undefined;
    if (first < 0x80) {
      this.#takeBytes(1);
      return this.#checkLength(first);
    }
    const count = 0x100 - first;
    if (count >= maxPrefixBytes) {
      throw fatal('GOB_BAD_FRAME', `message length of ${String(count)} bytes`);
    }
    if (this.#buffered <= count) return undefined;
    return this.#checkLength(
      this.#takeBytes(count + 1)
        .subarray(1)
        .reduce((value, byte) => value * 256 + byte, 0),
    );
  }

  #checkLength(length: number): number {
    if (length === 0) throw fatal('GOB_BAD_FRAME', 'message of no bytes');
    if (length > this.#maxMessageBytes) {
      throw fatal(
        'GOB_TOO_LARGE',
        `message of ${String(length)} bytes, at most ${String(this.#maxMessageBytes)} are accepted`,
      );
    }
    return length;
  }

  #peek(at: number): number | undefined {
    return this.#chunks[0]?.[this.#taken + at];
  }

  /** Takes bytes that are known to be there: a view when one chunk holds them all. */
  #takeBytes(count: number): Uint8Array {
    const first = this.#chunks[0]!;
    if (first.length - this.#taken >= count) {
      const view = first.subarray(this.#taken, this.#taken + count);
      this.#advance(count);
      return view;
    }
    const joined = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      const chunk = this.#chunks[0]!;
      const part = chunk.subarray(this.#taken, this.#taken + count - filled);
      joined.set(part, filled);
      filled += part.length;
      this.#advance(part.length);
    }
    return joined;
  }

  #advance(count: number): void {
    this.#taken += count;
    this.#buffered -= count;
    if (this.#taken === this.#chunks[0]!.length) {
      this.#chunks.shift();
      this.#taken = 0;
    }
  }
}

function fatal(code: 'GOB_BAD_FRAME' | 'GOB_TOO_LARGE', message: string): GobError {
  return new GobError(code, message, { isFatal: true });
}
