export { aliasedLabels } from './aliased-labels.ts';
export { hostsOfBlock } from './known-hosts.ts';
export { hostsIn, redactManifest } from './redact-manifest.ts';
export { hostsOfLabel, Redactor } from './redactor.ts';
