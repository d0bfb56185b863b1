export { rewriteBlocks, type RewriteOptions, type RewrittenBlock } from './rewrite-blocks.ts';
export type { Thinning } from './thin-samples.ts';
