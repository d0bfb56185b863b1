export type { CustomTarget } from './custom-targets.ts';
export type { TargetCertificates } from './custom-target-certificates.ts';
export type { TargetSecrets } from './custom-target-secrets.ts';
export { declarations, type Declaration } from './declarations.ts';
export { cleanHost, isForbiddenAddress, shownText, type CleanHost } from './host-name.ts';
export { globOf, isDropped, matchesGlob, type DropRule, type Glob } from './drop-rules.ts';
export { changedSettings, parseSettings, refuseChange, type RawSettings } from './parse.ts';
export { settingKeysIn } from './setting-keys.ts';
export type { Settings } from './settings.ts';
