export { declarations, type Declaration } from './declarations.ts';
export { isDropped, type DropRule } from './drop-rules.ts';
export { parseSettings, refuseChange, type RawSettings } from './parse.ts';
export type { Settings } from './settings.ts';
