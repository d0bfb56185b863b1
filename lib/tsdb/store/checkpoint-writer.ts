import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FileSink, renameDurably, syncDirectory } from '../disk/index.ts';
import { checkpointName, PageFramer, walSegmentName } from '../wal/index.ts';

/** What a checkpoint has become. */
export interface WroteCheckpoint {
  sizeBytes: number;
  segments: number[];
  series: number;
  samples: number;
}

/** Writes the checkpoint that covers the segments up to `covered`, durably or not at all. */
export function writeCheckpointFiles(
  options: { walDir: string; covered: number; segmentBytes: number },
  fill: (checkpoint: CheckpointWriter) => void,
): WroteCheckpoint {
  const dir = join(options.walDir, checkpointName(options.covered));
  const temporary = `${dir}.tmp`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { mode: 0o750 });
  const checkpoint = new CheckpointWriter(temporary, options.segmentBytes);
  try {
    fill(checkpoint);
    checkpoint.close();
    syncDirectory(temporary);
    renameDurably(temporary, dir);
  } catch (error) {
    checkpoint.abandon();
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  return checkpoint.result;
}

/** The segment files of one checkpoint. */
export class CheckpointWriter {
  readonly result: WroteCheckpoint = { sizeBytes: 0, segments: [0], series: 0, samples: 0 };
  readonly #dir: string;
  readonly #segmentBytes: number;
  readonly #framer = new PageFramer();
  #sink: FileSink;

  constructor(dir: string, segmentBytes: number) {
    this.#dir = dir;
    this.#segmentBytes = segmentBytes;
    this.#sink = new FileSink(join(dir, walSegmentName(0)));
  }

  append(record: Uint8Array): void {
    if (!this.#framer.fits(record.length, this.#segmentBytes) && this.#framer.segmentBytes > 0) {
      this.#nextSegment();
    }
    this.#framer.append(record);
    this.#flush();
  }

  close(): void {
    this.#framer.finishSegment();
    this.#flush();
    this.#sink.close();
    this.result.sizeBytes += this.#sink.length;
  }

  abandon(): void {
    this.#sink.abandon();
  }

  #flush(): void {
    this.#sink.write(this.#framer.pending);
    this.#framer.clear();
  }

  #nextSegment(): void {
    this.close();
    this.#framer.startSegment();
    const segment = this.result.segments.length;
    this.result.segments.push(segment);
    this.#sink = new FileSink(join(this.#dir, walSegmentName(segment)));
  }
}
