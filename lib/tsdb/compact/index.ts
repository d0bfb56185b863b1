export { isContained, lineageOf, withoutContained } from './lineage.ts';
export { mergeBlocks, type MergeBlocks, type MergedBlocks } from './merge-blocks.ts';
export {
  compactableBlock,
  defaultCompactionRanges,
  planCompaction,
  type CompactableBlock,
  type CompactionPlan,
} from './plan.ts';
