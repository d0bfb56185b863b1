import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { ByteWriter } from '../../bytes/index.ts';
import {
  chunkEncoding,
  chunkRef,
  chunkSegmentName,
  frameChunk,
  maxFramedChunkBytes,
  segmentHeader,
  type ChunkEntry,
} from '../chunk/index.ts';
import { TsdbError } from '../errors.ts';
import { fileBufferBytes, maxChunkSegments } from '../limits.ts';
import { syncDirectory } from './durable.ts';
import { FileSink } from './file-sink.ts';

/** Writes chunks into the segment files of a block, one file after the other. */
export class ChunkFileWriter {
  /** Bytes of all segments so far. */
  sizeBytes = 0;
  /** Segments that are complete. */
  closed = 0;
  readonly #dir: string;
  readonly #segmentBytes: number;
  readonly #isTemporary: boolean;
  readonly #scratch = new ByteWriter(4096);
  /** Of one segment after the other. */
  readonly #buffer = new Uint8Array(fileBufferBytes);
  #sink: FileSink | undefined;
  #segment = -1;

  /** Makes the directory. What is only for the moment is not flushed. */
  constructor(dir: string, segmentBytes: number, isTemporary = false) {
    mkdirSync(dir);
    this.#isTemporary = isTemporary;
    this.#dir = dir;
    this.#segmentBytes = segmentBytes;
  }

  /** Appends a chunk and returns its reference. */
  append(chunk: ChunkEntry): number {
    const sink = this.#sinkFor(maxFramedChunkBytes(chunk.data.length));
    const ref = chunkRef(this.#segment, sink.length);
    frameChunk(this.#scratch.reset(), chunk.encoding ?? chunkEncoding.xor, chunk.data);
    this.#write(sink, this.#scratch.finish());
    return ref;
  }

  /** Completes the last segment; all of them are durable then. */
  close(): void {
    if (this.#sink === undefined) return;
    this.#sink.close(this.#isTemporary);
    this.#sink = undefined;
    this.closed++;
  }

  /** Closes without caring for the content; for clean-up after a failure. */
  abandon(): void {
    this.#sink?.abandon();
    this.#sink = undefined;
  }

  #sinkFor(chunkBytes: number): FileSink {
    const open = this.#sink;
    if (open !== undefined && open.length + chunkBytes <= this.#segmentBytes) return open;
    this.close();
    if (++this.#segment === maxChunkSegments) throw new TsdbError('TSDB_LIMIT', 'block too large');
    const sink = new FileSink(join(this.#dir, chunkSegmentName(this.#segment)), this.#buffer);
    this.#sink = sink;
    if (!this.#isTemporary) syncDirectory(this.#dir);
    this.#write(sink, segmentHeader());
    return sink;
  }

  #write(sink: FileSink, bytes: Uint8Array): void {
    sink.write(bytes);
    this.sizeBytes += bytes.length;
  }
}
