import { TarArchive, type TarEntryData } from 'archiver';
import { createHash, type Hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { say } from '../../../api/index.ts';
import { asError, BufferTrail } from '../../../lib/runtime/index.ts';
import { DumpError } from '../errors.ts';
import { gzipLevel, streamAheadBytes, streamChunkBytes } from '../limits.ts';
import type { WrittenArchive } from './archive-check.ts';
import { FileChunks } from './file-chunks.ts';
import { PieceQueue, type Piece } from './piece-queue.ts';
import type { PackedFile } from './protocol.ts';

/** How an archive is written and how large it may become. */
export interface ArchiveWriterOptions {
  /** Time of all members. */
  dateMs: number;
  maxBytes: number;
}

/**
 * Makes a tar.gz, member by member, with bounded memory: a member waits until what was made before is
 * taken by {@link read}. Every member is hashed on its way in and the archive on its way out. What it
 * goes through are a few buffers that are used again and again. After an error the archive is of no use:
 * {@link discard} it.
 */
export class ArchiveWriter {
  readonly #archive: TarArchive;
  readonly #options: ArchiveWriterOptions;
  readonly #hash = createHash('sha256');
  readonly #files: FileChunks;
  /** What is made and not yet taken. */
  readonly #pieces = new PieceQueue(streamChunkBytes, streamAheadBytes / streamChunkBytes);
  readonly #written: Promise<void>;
  /** Rejects with the first error of any part; never resolves. */
  readonly #failure: Promise<never>;
  #fail: (error: Error) => void = () => undefined;
  #sizeBytes = 0;
  readonly #packed: PackedFile[] = [];

  constructor(options: ArchiveWriterOptions) {
    this.#options = options;
    // Compressed here and not by the archiver, because it must be known what was compressed.
    this.#archive = new TarArchive({ highWaterMark: streamChunkBytes });
    const gzip = createGzip({ level: gzipLevel, chunkSize: streamChunkBytes });
    this.#files = new FileChunks(gzip);
    this.#failure = new Promise<never>((_resolve, reject) => {
      this.#fail = (error) => {
        reject(error);
        this.#pieces.fail(error);
        this.#files.gate.destroy(error);
      };
    });
    // Who waits for a member sees the failure; between two members nobody waits.
    this.#failure.catch(() => undefined);
    for (const event of ['error', 'warning'] as const) {
      this.#archive.on(event, (error: Error) => {
        this.#fail(error);
      });
    }
    // Not a part of the pipeline: where that ends early, a member that is destroyed tells nobody but the process.
    this.#archive.pipe(this.#files.gate);
    this.#written = pipeline(this.#files.gate, gzip, this.#collect());
    this.#written.catch((error: unknown) => {
      this.#fail(asError(error));
    });
  }

  /**
   * The next bytes of the archive, for the caller to keep; undefined behind the last ones. A piece that
   * was read before and is not used any more can be given for its memory.
   */
  async read(used?: Piece): Promise<Piece | undefined> {
    if (used !== undefined) this.#pieces.giveBack(used);
    return await this.#pieces.take();
  }

  /** Bytes of the archive so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Every file added so far, in their order in the archive. */
  get files(): readonly PackedFile[] {
    return this.#packed;
  }

  /** Adds a file of the disk; `onChunk` is called between chunks and may throw to give up. */
  async addFile(name: string, path: string, onChunk: (bytes: number) => void): Promise<void> {
    const stats = await stat(path);
    const hash = createHash('sha256');
    const chunks = hashed(this.#files.of(path), hash, stats.size, onChunk);
    const source = Readable.from(chunks, { objectMode: false });
    // The archiver pipes: an error of the source would otherwise leave the member open for ever.
    source.once('error', (error) => {
      this.#fail(error);
    });
    // With `stats` the archiver streams a source; without, it collects it in memory first.
    try {
      await this.#entry(source, { name, mode: 0o644, stats });
    } finally {
      // After a failure elsewhere nobody reads on, and the file would stay open.
      source.destroy();
    }
    this.#packed.push({ path: name, sizeBytes: stats.size, sha256: hash.digest('hex') });
  }

  /** Adds a file from memory. */
  async addText(name: string, content: string): Promise<void> {
    await this.addBytes(name, Buffer.from(content));
  }

  /** Adds a file from memory. */
  async addBytes(name: string, bytes: Uint8Array): Promise<void> {
    await this.#entry(Buffer.from(bytes), { name, mode: 0o644 });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.#packed.push({ path: name, sizeBytes: bytes.length, sha256 });
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
      files: this.#packed,
    };
  }

  /** Gives the archive up, in whatever state it is: nothing more is to be had of it. */
  async discard(): Promise<void> {
    this.#fail(new DumpError('DUMP_CANCELLED', say('dump.cancelled')));
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

  /** Measures what is made, and cuts it into pieces. */
  #collect(): Writable {
    const trail = new BufferTrail(streamChunkBytes);
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#sizeBytes += chunk.length;
        this.#hash.update(chunk);
        if (this.#sizeBytes > this.#options.maxBytes) {
          done(tooLarge(this.#options.maxBytes));
          return;
        }
        const added = this.#pieces.add(chunk);
        trail.passed(chunk);
        added.then(() => {
          done();
        }, done);
      },
      final: (done) => {
        this.#pieces.end();
        done();
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
  return new DumpError('DUMP_FAILED', say('dump.changed'));
}

function tooLarge(maxBytes: number): DumpError {
  return new DumpError('DUMP_TOO_LARGE', say('dump.too-large', { limitBytes: maxBytes }));
}
