export { isContained, lineageOf, withoutContained } from './lineage.ts';
export { mergeBlocks, type MergeBlocks, type MergedBlocks } from './merge-blocks.ts';
export { planCompaction, type CompactableBlock, type CompactionPlan } from './plan.ts';
