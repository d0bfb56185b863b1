export type { ServerConfig } from './config.ts';
export {
  sqlDialect,
  type Database,
  type SqlChange,
  type SqlDialect,
  type SqlOptions,
  type SqlQueryOptions,
  type SqlResult,
} from './database.ts';
export type { AzureFileConfig, FileConfig, S3FileConfig } from './file-config.ts';
export type { Host, PluginHooks, SupportFile } from './hooks.ts';
export { makeLogLine, type LogLine } from './log-line.ts';
export { redactText } from './redact.ts';
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
export { SqlError, type SqlErrorCode } from './sql-errors.ts';
export type { SqlArgument, SqlValue } from './sql-values.ts';
