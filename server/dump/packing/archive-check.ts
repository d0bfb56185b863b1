import { createHash } from 'node:crypto';
import { createGunzip, type Gunzip } from 'node:zlib';
import { extract, type Extract } from 'tar-stream';
import { say } from '../../../api/index.ts';
import { asError, BufferSweep } from '../../../lib/runtime/index.ts';
import { DumpError } from '../errors.ts';
import { streamChunkBytes } from '../limits.ts';
import type { PackedFile } from './protocol.ts';

/** What an archive was when it was written. */
export interface WrittenArchive {
  sizeBytes: number;
  sha256: string;
  /** Every file in it, in their order. */
  files: readonly PackedFile[];
}

/**
 * Reads an archive back as whoever unpacks it will: each member is there, as long as it was and with
 * the same bytes, and no other is. A fault is a {@link DumpError} with code `DUMP_VERIFY_FAILED`.
 */
export class ArchiveCheck {
  readonly #written: WrittenArchive;
  readonly #gunzip = createGunzip({ chunkSize: streamChunkBytes });
  readonly #hash = createHash('sha256');
  /** Rejects with the first fault; resolves when all members were seen. */
  readonly #walked: Promise<unknown>;
  readonly #sweep = new BufferSweep();
  #sizeBytes = 0;

  constructor(written: WrittenArchive) {
    this.#written = written;
    const members = extract();
    const walked = Promise.all([this.#unpack(members), walk(members, written.files)]);
    this.#walked = walked.catch((error: unknown) => {
      this.#gunzip.destroy();
      members.destroy();
      throw error instanceof DumpError ? error : notWhole(asError(error).message);
    });
    // Between two chunks nobody waits for it.
    this.#walked.catch(() => undefined);
  }

  /** Takes the next bytes; resolves when they are unpacked: their memory can then be used again. */
  async add(bytes: Uint8Array): Promise<void> {
    this.#sizeBytes += bytes.length;
    this.#hash.update(bytes);
    if (!this.#gunzip.destroyed) await written(this.#gunzip, bytes);
    // It ends before its time only when there is a fault.
    if (this.#gunzip.destroyed) await this.#walked;
  }

  /** Ends the reading; resolves when the archive is the one that was written. */
  async finish(): Promise<void> {
    this.#gunzip.end();
    await this.#walked;
    const { sha256, sizeBytes } = this.#written;
    if (this.#sizeBytes !== sizeBytes) throw notWhole(`it has ${String(this.#sizeBytes)} bytes`);
    if (this.#hash.digest('hex') !== sha256) throw notWhole('its bytes are not those written');
  }

  /** Gives up in the middle. */
  abandon(): void {
    this.#gunzip.destroy();
  }

  async #unpack(members: Extract): Promise<void> {
    for await (const chunk of this.#gunzip as AsyncIterable<Uint8Array>) {
      this.#sweep.passed(chunk.length);
      if (!members.write(chunk)) await drained(members);
      if (members.destroyed) return;
    }
    members.end(null);
  }
}

/** Until a stream has taken bytes, or takes nothing at all any more. */
function written(stream: Gunzip, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('close', done);
      resolve();
    };
    stream.on('close', done);
    stream.write(bytes, done);
  });
}

/** A stream of Node's or of another make. */
interface Taker {
  on: (event: 'drain' | 'close', listener: () => void) => unknown;
  off: (event: 'drain' | 'close', listener: () => void) => unknown;
}

/** Until a stream takes more, or takes nothing at all any more. */
function drained(stream: Taker): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

async function walk(members: Extract, files: readonly PackedFile[]): Promise<void> {
  let seen = 0;
  for await (const member of members) {
    const { name, size, type } = member.header;
    const hash = createHash('sha256');
    for await (const chunk of member as AsyncIterable<Uint8Array>) hash.update(chunk);
    if (type === 'directory') continue;
    const file = files[seen++];
    if (file?.path !== name) throw notWhole(`${name} stands where ${file?.path ?? 'its end'} was`);
    if (file.sizeBytes !== size) throw notWhole(`${name} has ${String(size)} bytes`);
    if (file.sha256 !== hash.digest('hex')) throw notWhole(`the bytes of ${name} are others`);
  }
  const next = files[seen];
  if (next !== undefined) throw notWhole(`it ends before ${next.path}`);
}

function notWhole(detail: string): DumpError {
  return new DumpError('DUMP_VERIFY_FAILED', say('dump.not-given-back'), { detail });
}
