export {
  mergedLabels,
  rewriteBlockFiles,
  rewriteBlocks,
  type RewriteOptions,
  type RewrittenBlock,
} from './rewrite-blocks.ts';
export { rewriteSample, type RewriteSample, type RewriteSampleOptions } from './rewrite-sample.ts';
export type { Thinning } from './thin-samples.ts';
