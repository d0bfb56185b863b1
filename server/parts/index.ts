export { openParts } from './open-parts.ts';
export type { Parts, PartsFacts } from './parts.ts';
