import { TarArchive } from 'archiver';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream, type Stats } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DumpError } from './errors.ts';
import { gzipLevel } from './limits.ts';
import type { FinishResult, PackedFile } from './worker-protocol.ts';

/** What an archive is written to and how large it may become. */
export interface ArchiveWriterOptions {
  path: string;
  /** Time of all members. */
  dateMs: number;
  maxBytes: number;
}

/**
 * Writes a tar.gz to a file, member by member, with bounded memory. Every member is hashed on its
 * way in and the archive on its way out; the file is flushed before {@link finish} resolves. After
 * an error the archive is of no use: {@link discard} it.
 */
export class ArchiveWriter {
  readonly #archive: TarArchive;
  readonly #options: ArchiveWriterOptions;
  readonly #hash = createHash('sha256');
  readonly #written: Promise<void>;
  /** Rejects with the first error of any part; never resolves. */
  readonly #failure: Promise<never>;
  #fail: (error: Error) => void = () => undefined;
  #sizeBytes = 0;
  readonly #files: PackedFile[] = [];

  constructor(options: ArchiveWriterOptions) {
    this.#options = options;
    this.#archive = new TarArchive({ gzip: true, gzipOptions: { level: gzipLevel } });
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
    const file = createWriteStream(options.path, { flags: 'wx', mode: 0o600, flush: true });
    this.#written = pipeline(this.#archive, this.#measure(), file);
    this.#written.catch((error: unknown) => {
      this.#fail(error as Error);
    });
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
    const { size } = await stat(path);
    await this.#add(name, size, createReadStream(path, { highWaterMark: 256 * 1024 }), onChunk);
  }

  /** Adds a file from memory. */
  async addText(name: string, content: string): Promise<void> {
    const bytes = Buffer.from(content);
    await this.#add(name, bytes.length, [bytes], () => undefined);
  }

  /** Adds an empty directory. */
  async addDirectory(name: string): Promise<void> {
    const data = { name: `${name}/`, type: 'directory', mode: 0o755 } as const;
    await this.#entry(() => {
      this.#archive.append(Buffer.alloc(0), { ...data, date: this.#date(), stats: sized(0) });
    });
  }

  /** Ends the archive and waits until it is on the disk. */
  async finish(): Promise<FinishResult> {
    await Promise.race([this.#archive.finalize(), this.#failure]);
    await this.#written;
    return { sizeBytes: this.#sizeBytes, sha256: this.#hash.digest('hex') };
  }

  /** Gives the archive up, in whatever state it is, and removes its file. */
  async discard(): Promise<void> {
    this.#fail(new DumpError('DUMP_CANCELLED', 'The dump was cancelled.'));
    await this.#written.catch(() => undefined);
    await rm(this.#options.path, { force: true });
  }

  async #add(
    name: string,
    sizeBytes: number,
    chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
    onChunk: (bytes: number) => void,
  ): Promise<void> {
    const hash = createHash('sha256');
    const source = Readable.from(hashed(chunks, hash, onChunk), { objectMode: false });
    // The archiver pipes: an error of the source would otherwise leave the member open for ever.
    source.once('error', (error) => {
      this.#fail(error);
    });
    const data = { name, mode: 0o644, date: this.#date(), stats: sized(sizeBytes) };
    await this.#entry(() => this.#archive.append(source, data));
    this.#files.push({ path: name, sizeBytes, sha256: hash.digest('hex') });
  }

  /** Waits until what `append` adds is wholly in the archive. */
  async #entry(append: () => void): Promise<void> {
    const added = new Promise<void>((resolve) => {
      this.#archive.once('entry', () => {
        resolve();
      });
    });
    append();
    await Promise.race([added, this.#failure]);
  }

  #date(): Date {
    return new Date(this.#options.dateMs);
  }

  #measure(): Transform {
    return new Transform({
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

/** With `stats` the archiver streams a source; without, it collects it in memory first. */
function sized(size: number): Stats {
  return { size } as Stats;
}

async function* hashed(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  hash: Hash,
  onChunk: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    onChunk(chunk.length);
    yield chunk;
  }
}

function tooLarge(maxBytes: number): DumpError {
  const message = `The archive would be larger than ${String(maxBytes)} bytes: ask for a shorter range.`;
  return new DumpError('DUMP_TOO_LARGE', message);
}
