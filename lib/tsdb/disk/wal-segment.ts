import { join } from 'node:path';

import { WalSegmentReader, walSegmentName } from '../wal/index.ts';
import { FileSource } from './file-source.ts';

/** A reader over segment `segment` in `walDir` (or in a checkpoint); the caller closes it. */
export function readSegment(
  walDir: string,
  segment: number,
): { reader: WalSegmentReader; sizeBytes: number; close: () => void } {
  const source = new FileSource(join(walDir, walSegmentName(segment)));
  return {
    reader: new WalSegmentReader(source, segment),
    sizeBytes: source.size,
    close: () => source.close(),
  };
}
