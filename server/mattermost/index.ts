export type { AzureFileConfig, FileConfig, S3FileConfig, ServerConfig } from './config/index.ts';
export type { Host, PluginHooks, SupportFile } from './hooks.ts';
export { makeLogLine, redactText, type LogLine } from './log/index.ts';
export type {
  AuditRecord,
  ClusterEventOptions,
  KvSetOptions,
  License,
  PluginApi,
  PluginClusterEvent,
  PluginStatus,
  WebSocketBroadcast,
  WebSocketPayload,
} from './plugin-api.ts';
export { serveMattermostPlugin, type MattermostPluginOptions } from './serve.ts';
export { isServerId } from './server-id.ts';
export {
  sqlDialect,
  SqlError,
  type Database,
  type SqlArgument,
  type SqlChange,
  type SqlDialect,
  type SqlErrorCode,
  type SqlOptions,
  type SqlQueryOptions,
  type SqlResult,
  type SqlValue,
} from './sql/index.ts';
