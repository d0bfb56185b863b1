export {
  BlockReader,
  parseBlockMeta,
  printBlockMeta,
  printTombstones,
  type BlockCompaction,
  type BlockMeta,
  type BlockSources,
  type BlockStats,
  type JsonObject,
  type JsonValue,
} from './block/index.ts';
export {
  checkDirectory,
  isBlockDirectory,
  walkWal,
  type CheckFindings,
  type CheckSummary,
  type Finding,
  type WalEntry,
} from './check/index.ts';
export {
  isContained,
  lineageOf,
  mergeBlocks,
  planCompaction,
  withoutContained,
  type CompactableBlock,
  type CompactionPlan,
  type MergeBlocks,
  type MergedBlocks,
} from './compact/index.ts';
export { ChunkIterator, SampleColumns, decodeChunk, type ChunkEntry } from './chunk/index.ts';
export {
  deleteBlock,
  listBlockDirs,
  openBlock,
  readBlockMeta,
  sweepTemporary,
  writeBlock,
  writeBlockFiles,
  type BlockFile,
  type BlockSeries,
  type WriteBlockOptions,
  type WrittenBlock,
} from './disk/index.ts';
export { TsdbError, type TsdbErrorCode, type TsdbErrorDetail } from './errors.ts';
export type { SeriesVariants } from './head/index.ts';
export { compareLabels, labelsFrom, labelValue, metricNameLabel, type Labels } from './labels.ts';
export {
  mergedLabels,
  rewriteBlockFiles,
  rewriteBlocks,
  rewriteSample,
  type RewriteOptions,
  type RewriteSample,
  type RewrittenBlock,
  type Thinning,
} from './rewrite/index.ts';
export { SampleBatch } from './sample-batch.ts';
export { StoreError, type StoreErrorCode, type StoreErrorDetail } from './store/errors.ts';
export { Store } from './store/store.ts';
export type {
  BlockInfo,
  CommitResult,
  LostRange,
  SnapshotRequest,
  StoreLimits,
  StoreOptions,
  StoreProblem,
  WalRepair,
  StoreStats,
  StoreThread,
} from './store/types.ts';
export { inlineThread, storeHandlers } from './store/worker-handlers.ts';
export { isUlid, newUlid, parseUlid, ulidTimeMs } from './ulid.ts';
