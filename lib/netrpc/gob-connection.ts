import { ByteWriter, type ByteStream } from '../bytes/index.ts';
import {
  GobDecoder,
  GobEncoder,
  type GobEncoderOptions,
  type GobLimits,
  type GobOutgoing,
  type GobValue,
} from '../gob/index.ts';

/** How the two gob streams of a connection are read and written. */
export interface GobConnectionOptions {
  registry?: GobEncoderOptions['registry'];
  style?: GobEncoderOptions['style'];
  limits?: Partial<GobLimits>;
}

/** Memory up to this size is kept for what is sent next: a download would leave 64 KiB per piece. */
const maxKeptBytes = 256 * 1024;

/** A byte stream as two independent gob streams, one per direction. */
export class GobConnection {
  readonly #stream: ByteStream;
  readonly #encoder: GobEncoder;
  readonly #decoder: GobDecoder;
  #lastWrite: Promise<void> = Promise.resolve();
  /** Not in use by a write. */
  #idleWriter: ByteWriter | undefined;

  constructor(stream: ByteStream, options: GobConnectionOptions) {
    this.#stream = stream;
    const limits = options.limits ?? {};
    this.#decoder = new GobDecoder({ limits });
    this.#encoder = new GobEncoder({
      limits,
      ...(options.registry === undefined ? {} : { registry: options.registry }),
      ...(options.style === undefined ? {} : { style: options.style }),
    });
  }

  /** The next value, or undefined when the peer has ended between values. */
  async receive(): Promise<GobValue | undefined> {
    for (;;) {
      const value = this.#decoder.next();
      if (value !== undefined) return value;
      const chunk = await this.#stream.read();
      if (chunk === undefined) {
        this.#decoder.end();
        return undefined;
      }
      this.#decoder.push(chunk);
    }
  }

  /**
   * Sends values together. They are encoded before this returns, so that the order of calls is the
   * order on the wire; nothing is sent when one of them cannot be encoded (the promise rejects).
   */
  async send(values: readonly GobOutgoing[]): Promise<void> {
    const writer = this.#idleWriter ?? new ByteWriter();
    this.#idleWriter = undefined;
    this.#encoder.encodeInto(values, writer.reset());
    const write = this.#lastWrite.then(() => this.#stream.write(writer.finish()));
    // The writer that fails rejects its own caller; the next one then fails by itself.
    this.#lastWrite = write.catch(() => undefined);
    await write;
    if (writer.length <= maxKeptBytes) this.#idleWriter = writer;
  }

  /** Ends our direction after what was sent. */
  async end(): Promise<void> {
    await this.#lastWrite;
    await this.#stream.end();
  }

  destroy(error?: Error): void {
    this.#stream.destroy(error);
  }
}
