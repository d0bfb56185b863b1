import { TarArchive, type TarEntryData } from 'archiver';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BufferSweep } from '../../../lib/runtime/index.ts';
import { DumpError } from '../errors.ts';
import { gzipLevel, streamAheadBytes, streamChunkBytes } from '../limits.ts';
import type { WrittenArchive } from './archive-check.ts';
import type { PackedFile } from './protocol.ts';

/** How an archive is written and how large it may become. */
export interface ArchiveWriterOptions {
  /** Time of all members. */
  dateMs: number;
  maxBytes: number;
}

/**
 * Makes a tar.gz, member by member, with bounded memory: a member waits until what was made before is
 * taken by {@link read}. Every member is hashed on its way in and the archive on its way out. After an
 * error the archive is of no use: {@link discard} it.
 */
export class ArchiveWriter {
  readonly #archive: TarArchive;
  readonly #options: ArchiveWriterOptions;
  readonly #hash = createHash('sha256');
  /** What is made and not yet taken. */
  readonly #out: AsyncIterator<Buffer>;
  readonly #written: Promise<void>;
  /** Rejects with the first error of any part; never resolves. */
  readonly #failure: Promise<never>;
  #fail: (error: Error) => void = () => undefined;
  readonly #sweep = new BufferSweep();
  #sizeBytes = 0;
  readonly #files: PackedFile[] = [];

  constructor(options: ArchiveWriterOptions) {
    this.#options = options;
    const gzipOptions = { level: gzipLevel, chunkSize: streamChunkBytes };
    this.#archive = new TarArchive({ gzip: true, gzipOptions });
    this.#failure = new Promise<never>((_resolve, reject) => {
      this.#fail = (error) => {
        reject(error);
        this.#archive.destroy(error);
      };
    });
    // Who waits for a member sees the failure; between two members nobody waits.
    this.#failure.catch(() => undefined);
    this.#archive.on('warning', (warning) => {
      this.#fail(warning);
    });
    const out = this.#measure();
    this.#out = out[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#written = pipeline(this.#archive, out);
    this.#written.catch((error: unknown) => {
      this.#fail(error as Error);
    });
  }

  /** The next bytes of the archive, for the caller to keep; undefined behind the last ones. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const next = await this.#out.next();
    if (next.done === true) return undefined;
    this.#sweep.passed(next.value.length);
    // What comes is a part of a larger buffer.
    return new Uint8Array(next.value);
  }

  /** Bytes of the archive so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Every file added so far, in their order in the archive. */
  get files(): readonly PackedFile[] {
    return this.#files;
  }

  /** Adds a file of the disk; `onChunk` is called between chunks and may throw to give up. */
  async addFile(name: string, path: string, onChunk: (bytes: number) => void): Promise<void> {
    const stats = await stat(path);
    const hash = createHash('sha256');
    const bytes = createReadStream(path, { highWaterMark: 256 * 1024 });
    const chunks = hashed(bytes, hash, stats.size, onChunk);
    const source = Readable.from(chunks, { objectMode: false });
    // The archiver pipes: an error of the source would otherwise leave the member open for ever.
    source.once('error', (error) => {
      this.#fail(error);
    });
    // With `stats` the archiver streams a source; without, it collects it in memory first.
    await this.#entry(source, { name, mode: 0o644, stats });
    this.#files.push({ path: name, sizeBytes: stats.size, sha256: hash.digest('hex') });
  }

  /** Adds a file from memory. */
  async addText(name: string, content: string): Promise<void> {
    await this.addBytes(name, Buffer.from(content));
  }

  /** Adds a file from memory. */
  async addBytes(name: string, bytes: Uint8Array): Promise<void> {
    await this.#entry(Buffer.from(bytes), { name, mode: 0o644 });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.#files.push({ path: name, sizeBytes: bytes.length, sha256 });
  }

  /** Adds an empty directory. */
  async addDirectory(name: string): Promise<void> {
    await this.#entry(Buffer.alloc(0), { name: `${name}/`, type: 'directory', mode: 0o755 });
  }

  /** Ends the archive and waits until all of it is made; the last bytes may still be to be taken. */
  async finish(): Promise<WrittenArchive> {
    await Promise.race([this.#archive.finalize(), this.#failure]);
    await this.#written;
    return {
      sizeBytes: this.#sizeBytes,
      sha256: this.#hash.digest('hex'),
      files: this.#files,
    };
  }

  /** Gives the archive up, in whatever state it is: nothing more is to be had of it. */
  async discard(): Promise<void> {
    this.#fail(new DumpError('DUMP_CANCELLED', 'The dump was cancelled.'));
    await this.#written.catch(() => undefined);
  }

  /** Appends a member and waits until it is wholly in the archive. */
  async #entry(source: Readable | Buffer, entry: TarEntryData): Promise<void> {
    const added = new Promise<void>((resolve) => {
      this.#archive.once('entry', () => {
        resolve();
      });
    });
    this.#archive.append(source, { ...entry, date: new Date(this.#options.dateMs) });
    await Promise.race([added, this.#failure]);
  }

  #measure(): Transform {
    return new Transform({
      readableHighWaterMark: streamAheadBytes,
      transform: (chunk: Buffer, _encoding, done) => {
        this.#sizeBytes += chunk.length;
        this.#hash.update(chunk);
        const isTooLarge = this.#sizeBytes > this.#options.maxBytes;
        if (isTooLarge) done(tooLarge(this.#options.maxBytes));
        else done(null, chunk);
      },
    });
  }
}

/** The chunks of a file on their way; the archive must not see a file of another size than was said. */
async function* hashed(
  chunks: AsyncIterable<Buffer>,
  hash: Hash,
  sizeBytes: number,
  onChunk: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  let readBytes = 0;
  for await (const chunk of chunks) {
    readBytes += chunk.length;
    if (readBytes > sizeBytes) throw changedFile();
    hash.update(chunk);
    onChunk(chunk.length);
    yield chunk;
  }
  if (readBytes < sizeBytes) throw changedFile();
}

function changedFile(): DumpError {
  return new DumpError('DUMP_FAILED', 'A file changed while it was packed: try again.');
}

function tooLarge(maxBytes: number): DumpError {
  const message = `The archive would be larger than ${String(maxBytes)} bytes: ask for a shorter range.`;
  return new DumpError('DUMP_TOO_LARGE', message);
}
