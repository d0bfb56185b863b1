export { buildArchive, type BuildParts } from './build.ts';
export { storeDump } from './store-dump.ts';
