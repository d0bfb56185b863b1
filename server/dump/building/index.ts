export { buildArchive } from './build.ts';
export type { BuildParts } from './build-parts.ts';
export { storeDump } from './store-dump.ts';
