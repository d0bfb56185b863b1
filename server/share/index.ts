export {
  BlockCatalog,
  type BlockFile,
  type PartialBlock,
  type RemoteBlock,
} from './block-catalog.ts';
export { serverIdLabel, type BlockLabels } from './block-meta.ts';
export { codeOf, errorText, ShareError, type ShareErrorCode } from './errors.ts';
export type { LocalBlocks } from './local-room.ts';
export {
  archiveKey,
  blockKey,
  blocksPrefix,
  checkKey,
  dumpsPrefix,
  isJobId,
  pluginPrefix,
} from './paths.ts';
export { BlockSync, type BlockSyncOptions } from './sync.ts';
