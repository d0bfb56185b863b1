export type { ServerConfig } from './config.ts';
export type { AzureFileConfig, FileConfig, S3FileConfig } from './file-config.ts';
export type { Host, PluginHooks, SupportFile } from './hooks.ts';
export type {
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
