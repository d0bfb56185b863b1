export { rewriteBlocks, type RewriteOptions, type RewrittenBlock } from './rewrite-blocks.ts';
