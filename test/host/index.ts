export { sessionCookie, type Session, type User } from './accounts.ts';
export type { SupportFile } from './hooks-client.ts';
export { Cluster } from './cluster.ts';
export { Host, startHost, type HostOptions } from './host.ts';
export type { HostLogLine } from './log-lines.ts';
export { pluginState, type ActivePlugin, type ManagedPlugin } from './managed-plugin.ts';
export type { Manifest } from './manifest.ts';
export type { PluginCommand } from './plugin-process.ts';
export type { ConfigurationChange, ServerConfiguration } from './server-config.ts';
