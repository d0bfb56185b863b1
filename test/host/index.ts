export type { Session } from './accounts.ts';
export { Cluster } from './cluster.ts';
export { Host, startHost, type HostOptions } from './host.ts';
export type { HostLogLine } from './log-lines.ts';
export { pluginState, type ActivePlugin } from './managed-plugin.ts';
export type { PluginCommand } from './plugin-process.ts';
