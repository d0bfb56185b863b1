export {
  parseBlockMeta,
  printBlockMeta,
  type BlockCompaction,
  type BlockMeta,
  type BlockParent,
  type BlockStats,
  type JsonObject,
  type JsonValue,
} from './meta.ts';
export { BlockReader, type BlockSources } from './reader.ts';
export { parseTombstones, printTombstones, type Interval, type Tombstones } from './tombstones.ts';
