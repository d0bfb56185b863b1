export type { ServerConfig } from './config.ts';
export {
  ApiArgumentError,
  ApiReplyError,
  AppError,
  HostError,
  type HostErrorCode,
} from './errors.ts';
export type { Host, PluginClusterEvent, PluginHooks, SupportFile } from './hooks.ts';
export type {
  ClusterEventOptions,
  KvSetOptions,
  License,
  PluginApi,
  PluginStatus,
  WebSocketBroadcast,
  WebSocketPayload,
} from './plugin-api.ts';
export { serveMattermostPlugin, type MattermostPluginOptions } from './serve.ts';
