/**
 * A two-way stream of bytes with back-pressure by promise: what a multiplexed stream or a socket
 * looks like to the protocols above it. One reader and one writer at a time.
 */
export interface ByteStream {
  /** The next bytes, as they arrived, owned by the caller; undefined once the peer has ended. */
  read(): Promise<Uint8Array | undefined>;
  /** Resolves when the bytes were handed on; they must not change until then. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends our direction once; the peer reads to the end. Reading goes on. */
  end(): Promise<void>;
  /** Gives the stream up in both directions; pending reads and writes reject. */
  destroy(error?: Error): void;
}
