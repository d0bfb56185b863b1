import {
  type GobInput,
  type GobStruct,
  asStruct,
  boolField,
  bytesField,
  intField,
  interfaceValue,
  listField,
  stringField,
  structField,
} from '../../lib/gob/index.ts';
import type { RpcClient } from '../../lib/netrpc/index.ts';
import { checkKey, checkAuditParameters, checkText, checkValue, checkRange } from './api-guards.ts';
import { type ServerConfig, parseServerConfig } from './config/index.ts';
import { ApiArgumentError, ApiReplyError, checkAppError, checkError } from './errors.ts';
import { apiCallTimeoutMs, maxAuditTextLength, maxKeysPerPage } from './limits.ts';
import type {
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
import { type ApiMethod, apiArguments } from './schemas.ts';

/** The server's plugin API over its RPC connection. */
export class RpcPluginApi implements PluginApi {
  readonly #client: RpcClient;

  constructor(client: RpcClient) {
    this.#client = client;
  }

  async loadPluginConfiguration(): Promise<Record<string, unknown>> {
    const method = 'LoadPluginConfiguration';
    const reply = await this.#call(method, {});
    const json = bytesField(reply, 'A');
    // No settings at all is not an error: everything then has its default.
    if (json === undefined || json.length === 0) return {};
    const value = parseJson(method, json);
    if (value === null) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new ApiReplyError(method, 'the settings are not a JSON object');
  }

  async getUnsanitizedConfig(): Promise<ServerConfig> {
    const method = 'GetUnsanitizedConfig';
    const config = structField(await this.#call(method, {}), 'A');
    if (config === undefined) throw new ApiReplyError(method, 'no configuration came');
    return parseServerConfig(config);
  }

  async getLicense(): Promise<License | undefined> {
    const license = structField(await this.#call('GetLicense', {}), 'A');
    return license === undefined ? undefined : parseLicense(license);
  }

  async getServerVersion(): Promise<string> {
    return stringField(await this.#call('GetServerVersion', {}), 'A');
  }

  async getDiagnosticId(): Promise<string> {
    return stringField(await this.#call('GetDiagnosticId', {}), 'A');
  }

  async getSystemInstallDate(): Promise<number> {
    const reply = await this.#call('GetSystemInstallDate', {});
    checkAppError(reply, 'B');
    return intField(reply, 'A');
  }

  async getPluginStatus(pluginId: string): Promise<PluginStatus> {
    const method = 'GetPluginStatus';
    checkText(method, 'the plugin id', pluginId);
    const reply = await this.#call(method, { A: pluginId });
    checkAppError(reply, 'B');
    const status = structField(reply, 'A');
    if (status === undefined) throw new ApiReplyError(method, 'no status came');
    return {
      pluginId: stringField(status, 'PluginId'),
      clusterId: stringField(status, 'ClusterId'),
      pluginPath: stringField(status, 'PluginPath'),
      state: intField(status, 'State'),
      error: stringField(status, 'Error'),
      name: stringField(status, 'Name'),
      version: stringField(status, 'Version'),
    };
  }

  async getBundlePath(): Promise<string> {
    const reply = await this.#call('GetBundlePath', {});
    checkError(reply, 'B');
    return stringField(reply, 'A');
  }

  async hasPermissionTo(userId: string, permissionId: string): Promise<boolean> {
    const method = 'HasPermissionTo';
    checkText(method, 'the user id', userId);
    checkText(method, 'the permission', permissionId);
    // The server dereferences the permission without looking: it must always be sent.
    const permission = { Id: permissionId, Name: '', Description: '', Scope: 'system_scope' };
    return boolField(await this.#call(method, { A: userId, B: permission }), 'A');
  }

  async kvGet(key: string): Promise<Uint8Array | undefined> {
    checkKey('KVGet', key);
    const reply = await this.#call('KVGet', { A: key });
    checkAppError(reply, 'B');
    return bytesField(reply, 'A');
  }

  async kvSet(key: string, value: Uint8Array): Promise<void> {
    checkKey('KVSet', key);
    checkValue('KVSet', value);
    checkAppError(await this.#call('KVSet', { A: key, B: value }), 'A');
  }

  async kvSetWithOptions(
    key: string,
    value: Uint8Array | undefined,
    options: KvSetOptions,
  ): Promise<boolean> {
    const method = 'KVSetWithOptions';
    const { atomic = false, oldValue, expireInSeconds = 0 } = options;
    checkKey(method, key);
    if (value !== undefined) checkValue(method, value);
    if (oldValue !== undefined) checkValue(method, oldValue);
    if (!atomic && oldValue !== undefined) {
      throw new ApiArgumentError(method, 'an old value means nothing unless the write is atomic');
    }
    checkRange(method, 'the expiry', expireInSeconds, 0, Number.MAX_SAFE_INTEGER);
    const reply = await this.#call(method, {
      A: key,
      B: value,
      C: { Atomic: atomic, OldValue: oldValue, ExpireInSeconds: expireInSeconds },
    });
    checkAppError(reply, 'B');
    return boolField(reply, 'A');
  }

  async kvCompareAndSet(
    key: string,
    oldValue: Uint8Array | undefined,
    newValue: Uint8Array,
  ): Promise<boolean> {
    const method = 'KVCompareAndSet';
    checkKey(method, key);
    if (oldValue !== undefined) checkValue(method, oldValue);
    checkValue(method, newValue);
    const reply = await this.#call(method, { A: key, B: oldValue, C: newValue });
    checkAppError(reply, 'B');
    return boolField(reply, 'A');
  }

  async kvDelete(key: string): Promise<void> {
    checkKey('KVDelete', key);
    checkAppError(await this.#call('KVDelete', { A: key }), 'A');
  }

  async kvList(page: number, perPage: number): Promise<string[]> {
    const method = 'KVList';
    checkRange(method, 'the page', page, 0, Number.MAX_SAFE_INTEGER);
    checkRange(method, 'the page size', perPage, 1, maxKeysPerPage);
    const reply = await this.#call(method, { A: page, B: perPage });
    checkAppError(reply, 'B');
    return listField(reply, 'A').map((key) => {
      if (typeof key === 'string') return key;
      throw new ApiReplyError(method, 'a key is not a text');
    });
  }

  async publishPluginClusterEvent(
    event: PluginClusterEvent,
    options: ClusterEventOptions,
  ): Promise<void> {
    const method = 'PublishPluginClusterEvent';
    checkText(method, 'the event id', event.id);
    const reply = await this.#call(method, {
      A: { Id: event.id, Data: event.data },
      B: { SendType: options.sendType, TargetId: options.targetId },
    });
    checkError(reply, 'A');
  }

  async publishWebSocketEvent(
    event: string,
    payload: WebSocketPayload,
    broadcast: WebSocketBroadcast,
  ): Promise<void> {
    const method = 'PublishWebSocketEvent';
    checkText(method, 'the event', event);
    await this.#call(method, {
      A: event,
      B: toInterfaceMap(payload),
      // A missing broadcast is a nil pointer in the server.
      C: {
        UserId: broadcast.userId ?? '',
        ChannelId: broadcast.channelId,
        TeamId: broadcast.teamId,
        ConnectionId: broadcast.connectionId,
        // The server sends what it calls sensitive to system administrators alone.
        ContainsSensitiveData: broadcast.isForAdmins,
      },
    });
  }

  async logAuditRecord(record: AuditRecord): Promise<void> {
    const method = 'LogAuditRec';
    const { actor, error = { description: '', status: 0 }, parameters } = record;
    checkText(method, 'the event', record.event);
    checkAuditParameters(method, parameters);
    await this.#call(method, {
      // The server adds to the maps without looking: one that is missing would end it.
      A: {
        EventName: record.event,
        Status: record.isSuccess ? 'success' : 'fail',
        EventData: {
          Parameters: toInterfaceMap(parameters),
          PriorState: new Map(),
          ResultState: new Map(),
          ObjectType: record.objectType,
        },
        Actor: {
          UserId: actor.userId,
          SessionId: '',
          Client: clip(actor.client),
          IpAddress: clip(actor.ipAddress),
          XForwardedFor: clip(actor.forwardedFor),
        },
        Meta: toInterfaceMap({ api_path: clip(record.apiPath) }),
        Error: { Description: clip(error.description), Code: error.status },
      },
    });
  }

  async #call<M extends ApiMethod>(
    method: M,
    argument: GobInput<(typeof apiArguments)[M]>,
  ): Promise<GobStruct> {
    const options = { timeoutMs: apiCallTimeoutMs };
    const schema = apiArguments[method];
    return asStruct(await this.#client.call(`Plugin.${method}`, schema, argument, options));
  }
}

function parseLicense(license: GobStruct): License {
  const absent = Object.create(null) as GobStruct;
  const features = structField(license, 'Features') ?? absent;
  const customer = structField(license, 'Customer') ?? absent;
  return {
    id: stringField(license, 'Id'),
    customerId: stringField(customer, 'Id'),
    skuName: stringField(license, 'SkuName'),
    skuShortName: stringField(license, 'SkuShortName'),
    isTrial: boolField(license, 'IsTrial'),
    expiresAtMs: intField(license, 'ExpiresAt'),
    features: {
      users: intField(features, 'Users'),
      metrics: boolField(features, 'Metrics'),
      cluster: boolField(features, 'Cluster'),
      compliance: boolField(features, 'Compliance'),
    },
  };
}

function parseJson(method: string, json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (cause) {
    // The text itself may hold secrets.
    throw new ApiReplyError(method, 'the settings are not JSON', { cause });
  }
}

/** What others wrote, such as the name of a browser, must not fill the audit log. */
function clip(text: string): string {
  return text.slice(0, maxAuditTextLength);
}

function toInterfaceMap(payload: WebSocketPayload) {
  return new Map(Object.entries(payload).map(([key, value]) => [key, toInterface(value)]));
}

/** Numbers travel as float64, as they would from JSON. */
function toInterface(value: string | number | boolean | null) {
  switch (typeof value) {
    case 'string':
      return interfaceValue('string', value);
    case 'number':
      return interfaceValue('float64', value);
    case 'boolean':
      return interfaceValue('bool', value);
    default:
      return null;
  }
}
