export {
  BlockCatalog,
  type BlockFile,
  type PartialBlock,
  type RemoteBlock,
} from './block-catalog.ts';
export type { BlockLabels } from './block-meta.ts';
export { HeadSnapshots, type HeadSnapshotsOptions } from './head-snapshots.ts';
export type { LocalBlocks } from './local-room.ts';
export {
  aliasesKey,
  aliasSecretKey,
  archiveKey,
  blockKey,
  blocksPrefix,
  dumpsPrefix,
  headPrefix,
  isJobId,
  type BlockArea,
} from './paths.ts';
export { BlockSync, type BlockSyncOptions } from './sync.ts';
