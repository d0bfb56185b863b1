export { factsWithoutParts } from './no-parts.ts';
export { openParts } from './open-parts.ts';
export type { Parts } from './parts.ts';
