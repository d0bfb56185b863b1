import type { ServerConfig } from './config/index.ts';

/** The server's licence, as far as the plugin asks. An absent feature is false. */
export interface License {
  id: string;
  /** Who holds the licence. */
  customerId: string;
  skuName: string;
  skuShortName: string;
  isTrial: boolean;
  expiresAtMs: number;
  features: { users: number; metrics: boolean; cluster: boolean; compliance: boolean };
}

export interface PluginStatus {
  pluginId: string;
  clusterId: string;
  pluginPath: string;
  /** 0 not running, 2 running, 3 failed to start, 4 failed to stay running. */
  state: number;
  error: string;
  name: string;
  version: string;
}

export interface KvSetOptions {
  /** Write only if the stored value equals `oldValue` (undefined: only if there is none). */
  atomic?: boolean;
  oldValue?: Uint8Array | undefined;
  /** 0 keeps the value for ever. */
  expireInSeconds?: number;
}

/** A message from another node of the cluster. */
export interface PluginClusterEvent {
  id: string;
  data: Uint8Array;
}

export interface ClusterEventOptions {
  sendType: 'reliable' | 'best_effort';
  /** Cluster id of the only receiver; empty for all other nodes. */
  targetId?: string;
}

/** Who receives a web socket event; nothing set means everybody. */
export interface WebSocketBroadcast {
  userId?: string;
  channelId?: string;
  teamId?: string;
  connectionId?: string;
  /** Only those of them who may `manage_system`. */
  isForAdmins?: boolean;
}

/** One line of the server's audit log. */
export interface AuditRecord {
  /** What was done, in the style of the server's own events: `createDump`. */
  event: string;
  isSuccess: boolean;
  /** Who did it; an unknown part is empty. */
  actor: { userId: string; client: string; ipAddress: string; forwardedFor: string };
  /** Empty for what was not asked for over HTTP. */
  apiPath: string;
  objectType: string;
  parameters: WebSocketPayload;
  /** Why it failed: a code, and the HTTP status or 0. */
  error?: { description: string; status: number };
}

/** What a web socket event may carry. */
export type WebSocketPayload = Readonly<Record<string, string | number | boolean | null>>;

/**
 * The calls of the Mattermost server's plugin API that the plugin uses. Every call rejects with an
 * `AppError` or `HostError` when the server refuses, with an `ApiArgumentError` when the arguments
 * could harm the server (nothing is sent then), and with an `RpcError` when the connection is gone.
 */
export interface PluginApi {
  /** The plugin's settings over the manifest's defaults; keys in the server's spelling. */
  loadPluginConfiguration(): Promise<Record<string, unknown>>;
  /** The whole configuration, secrets included. Large: cache it until it changes. */
  getUnsanitizedConfig(): Promise<ServerConfig>;
  /** Undefined when the server has no licence. */
  getLicense(): Promise<License | undefined>;
  getServerVersion(): Promise<string>;
  getDiagnosticId(): Promise<string>;
  /** Milliseconds since the epoch. */
  getSystemInstallDate(): Promise<number>;
  getPluginStatus(pluginId: string): Promise<PluginStatus>;
  /** Directory of the unpacked bundle. */
  getBundlePath(): Promise<string>;
  hasPermissionTo(userId: string, permissionId: string): Promise<boolean>;
  /** Undefined when there is no such key. */
  kvGet(key: string): Promise<Uint8Array | undefined>;
  /** An empty value is refused: the server would delete the key. */
  kvSet(key: string, value: Uint8Array): Promise<void>;
  /** False when an atomic write lost. An undefined value deletes the key. */
  kvSetWithOptions(
    key: string,
    value: Uint8Array | undefined,
    options: KvSetOptions,
  ): Promise<boolean>;
  /** Undefined `oldValue`: only if the key does not exist. False when another value is stored. */
  kvCompareAndSet(
    key: string,
    oldValue: Uint8Array | undefined,
    newValue: Uint8Array,
  ): Promise<boolean>;
  kvDelete(key: string): Promise<void>;
  /** Keys of this plugin; pages count from 0. */
  kvList(page: number, perPage: number): Promise<string[]>;
  /** Reaches the other nodes; without a cluster it does nothing. */
  publishPluginClusterEvent(event: PluginClusterEvent, options: ClusterEventOptions): Promise<void>;
  publishWebSocketEvent(
    event: string,
    payload: WebSocketPayload,
    broadcast: WebSocketBroadcast,
  ): Promise<void>;
  /** Rejects with `RPC_REMOTE` on servers before 10.11, which do not know it. */
  logAuditRecord(record: AuditRecord): Promise<void>;
}
