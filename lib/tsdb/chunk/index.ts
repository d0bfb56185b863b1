export { chunkEncoding, type ChunkEntry, type ChunkMeta } from './chunk-entry.ts';
export { ChunkIterator, chunkSampleCount, decodeChunk } from './decoder.ts';
export { ChunkEncoder, encodeChunk } from './encoder.ts';
export { SampleColumns } from './sample-columns.ts';
export {
  SegmentReader,
  chunkRef,
  chunkSegmentName,
  frameChunk,
  maxFramedChunkBytes,
  segmentHeader,
  splitChunkRef,
} from './segment.ts';
