export {
  creationSuffix,
  deleteBlock,
  hideBlock,
  listBlockDirs,
  openBlock,
  readBlockMeta,
  sweepDeleted,
  sweepTemporary,
} from './block-dir.ts';
export { FileSink } from './file-sink.ts';
export { FileSource } from './file-source.ts';
export { renameDurably, syncDirectory, writeFileDurably } from './durable.ts';
export { readSegment } from './wal-segment.ts';
export {
  writeBlock,
  writeBlockFiles,
  type BlockFile,
  type BlockSeries,
  type WriteBlockOptions,
  type WrittenBlock,
} from './write-block.ts';
