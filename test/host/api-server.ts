import {
  anyValue,
  asStruct,
  boolField,
  bytesField,
  emptyStruct,
  intField,
  isInterfaceValue,
  listField,
  stringField,
  structField,
  type GobInput,
  type GobSchema,
  type GobStruct,
  type GobValue,
} from '../../lib/gob/index.ts';
import { rpcMethod, type RpcHandlers, type RpcMethod } from '../../lib/netrpc/index.ts';
import { AppError } from './app-error.ts';
import type { KvStore } from './kv-store.ts';
import type { HostLogLine } from './log-lines.ts';
import {
  configSchema,
  sanitizeConfiguration,
  wireConfiguration,
  type ServerConfiguration,
} from './server-config.ts';
import {
  appError,
  bool,
  bytes,
  goAny,
  goError,
  int,
  license,
  map,
  pluginStatus,
  slice,
  string,
  struct,
} from './wire.ts';

/** A record of the audit log, as far as tests look at it. */
export interface AuditRecord {
  event: string;
  status: string;
  userId: string;
  objectType: string;
  parameters: Record<string, unknown>;
}

/** An event for browsers. */
export interface WebSocketEvent {
  /** As they get it: `custom_<plugin id>_<event>`. */
  name: string;
  payload: unknown;
  /** Whether those who may `manage_system` get it alone. */
  isForAdmins: boolean;
  /** Who gets it alone; empty for everybody. */
  userId: string;
}

/** What the API of one plugin answers from. */
export interface ApiBackend {
  pluginId: string;
  bundleDirectory: string;
  serverVersion: string;
  diagnosticId: string;
  installedAtMs: number;
  license: GobInput<typeof license> | undefined;
  kv: KvStore;
  configuration: () => ServerConfiguration;
  /** The manifest's defaults by lower-case key. */
  settingDefaults: Readonly<Record<string, unknown>>;
  saveOwnSettings: (settings: Record<string, unknown>) => void;
  hasPermission: (userId: string, permissionId: string) => boolean;
  status: (pluginId: string) => GobInput<typeof pluginStatus> | undefined;
  /** Returns why the event could not be sent, if so. */
  onClusterEvent: (event: { id: string; data: Uint8Array; targetId: string }) => string | undefined;
  onWebSocketEvent: (event: WebSocketEvent) => void;
  onAuditRecord: (record: AuditRecord) => void;
  log: (line: HostLogLine) => void;
  /** Something that would crash or break the real server. */
  violation: (text: string) => void;
}

const result = struct;
const onlyAppError = result('Z_AppErrorReturns', { A: appError });
const boolAndAppError = result('Z_BoolAppErrorReturns', { A: bool, B: appError });

/** The plugin API, as far as this product's plugin may call it. */
export function apiHandlers(backend: ApiBackend): RpcHandlers {
  const methods = {
    ...configurationMethods(backend),
    ...serverMethods(backend),
    ...keyValueMethods(backend),
    ...eventMethods(backend),
    ...logMethods(backend),
  };
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [`Plugin.${name}`, method]),
  );
}

type Methods = Record<string, RpcMethod>;

function configurationMethods(backend: ApiBackend): Methods {
  const own = () =>
    backend.configuration().PluginSettings.Plugins[backend.pluginId.toLowerCase()] ?? {};
  const configReply = result('Z_GetConfigReturns', { A: configSchema });
  return {
    LoadPluginConfiguration: plain({ A: bytes }, () => {
      const settings = { ...backend.settingDefaults, ...lowerCaseKeys(own()) };
      return { A: Buffer.from(JSON.stringify(settings)) };
    }),
    GetConfig: rpcMethod(configReply, () => ({
      A: wireConfiguration(sanitizeConfiguration(backend.configuration())),
    })),
    GetUnsanitizedConfig: rpcMethod(configReply, () => ({
      A: wireConfiguration(backend.configuration()),
    })),
    SaveConfig: rpcMethod(onlyAppError, () => {
      backend.violation('SaveConfig was called: it flips settings of the whole server');
      return {};
    }),
    GetPluginConfig: rpcMethod(result('R', { A: map(string, anyValue) }), () => ({
      A: new Map(Object.entries(own()).map(([key, value]) => [key, goAny(value)])),
    })),
    SavePluginConfig: rpcMethod(onlyAppError, (argument) => {
      const settings = asStruct(argument)['A'];
      const saved = toJson(settings instanceof Map ? settings : new Map());
      backend.saveOwnSettings(saved as Record<string, unknown>);
      return {};
    }),
  };
}

function serverMethods(backend: ApiBackend): Methods {
  return {
    GetBundlePath: plain({ A: string, B: anyValue }, () => ({ A: backend.bundleDirectory })),
    GetLicense: rpcMethod(result('Z_GetLicenseReturns', { A: license }), () => ({
      A: backend.license,
    })),
    IsEnterpriseReady: plain({ A: bool }, () => ({ A: true })),
    GetServerVersion: plain({ A: string }, () => ({ A: backend.serverVersion })),
    GetSystemInstallDate: plain({ A: int, B: appError }, () => ({ A: backend.installedAtMs })),
    GetDiagnosticId: plain({ A: string }, () => ({ A: backend.diagnosticId })),
    GetTelemetryId: plain({ A: string }, () => ({ A: backend.diagnosticId })),
    GetPluginID: plain({ A: string }, () => ({ A: backend.pluginId })),
    HasPermissionTo: plain({ A: bool }, (argument) => {
      const permission = structField(argument, 'B');
      if (permission === undefined) {
        backend.violation('HasPermissionTo without a permission crashes the server');
        throw new Error('nil permission');
      }
      const userId = stringField(argument, 'A');
      return { A: backend.hasPermission(userId, stringField(permission, 'Id')) };
    }),
    GetPluginStatus: guarded({ A: pluginStatus, B: appError }, 'B', (argument) => {
      const status = backend.status(stringField(argument, 'A'));
      if (status !== undefined) return { A: status };
      throw new AppError({
        id: 'app.plugin.not_installed.app_error',
        where: 'GetPluginStatus',
        status: 404,
      });
    }),
    RegisterCommand: plain({ A: anyValue }, () => ({})),
    UnregisterCommand: plain({ A: anyValue }, () => ({})),
  };
}

function keyValueMethods({ kv }: ApiBackend): Methods {
  const set = (argument: GobStruct, value: Uint8Array | undefined, options = {}) =>
    kv.set(stringField(argument, 'A'), value, options);
  return {
    KVGet: guarded({ A: bytes, B: appError }, 'B', (argument) => ({
      A: kv.get(stringField(argument, 'A')),
    })),
    KVSet: guarded({ A: appError }, 'A', (argument) => {
      set(argument, bytesField(argument, 'B'));
      return {};
    }),
    KVSetWithExpiry: guarded({ A: appError }, 'A', (argument) => {
      const expireInSeconds = intField(argument, 'C');
      set(argument, bytesField(argument, 'B'), { expireInSeconds });
      return {};
    }),
    KVSetWithOptions: rpcGuarded(boolAndAppError, 'B', (argument) => {
      const options = structField(argument, 'C') ?? {};
      const isStored = set(argument, bytesField(argument, 'B'), {
        isAtomic: boolField(options, 'Atomic'),
        oldValue: bytesField(options, 'OldValue'),
        expireInSeconds: intField(options, 'ExpireInSeconds'),
      });
      return { A: isStored };
    }),
    KVCompareAndSet: rpcGuarded(boolAndAppError, 'B', (argument) => {
      const oldValue = bytesField(argument, 'B');
      return { A: set(argument, bytesField(argument, 'C'), { isAtomic: true, oldValue }) };
    }),
    KVCompareAndDelete: rpcGuarded(boolAndAppError, 'B', (argument) => {
      const oldValue = bytesField(argument, 'B');
      return { A: set(argument, undefined, { isAtomic: true, oldValue }) };
    }),
    KVDelete: guarded({ A: appError }, 'A', (argument) => {
      set(argument, undefined);
      return {};
    }),
    KVDeleteAll: guarded({ A: appError }, 'A', () => {
      kv.deleteAll();
      return {};
    }),
    KVList: guarded({ A: slice(string), B: appError }, 'B', (argument) => ({
      A: kv.list(intField(argument, 'A'), intField(argument, 'B')),
    })),
  };
}

function eventMethods(backend: ApiBackend): Methods {
  return {
    PublishPluginClusterEvent: plain({ A: anyValue }, (argument) => {
      const event = structField(argument, 'A') ?? {};
      const options = structField(argument, 'B') ?? {};
      const sendType = stringField(options, 'SendType');
      if (sendType !== 'reliable' && sendType !== 'best_effort') {
        return { A: goError(`unknown send type ${sendType}`) };
      }
      const failure = backend.onClusterEvent({
        id: stringField(event, 'Id'),
        data: bytesField(event, 'Data') ?? new Uint8Array(),
        targetId: stringField(options, 'TargetId'),
      });
      return failure === undefined ? {} : { A: goError(failure) };
    }),
    PublishWebSocketEvent: plain({}, (argument) => {
      const payload = argument['B'];
      const broadcast = structField(argument, 'C') ?? {};
      backend.onWebSocketEvent({
        name: `custom_${backend.pluginId}_${stringField(argument, 'A')}`,
        payload: payload === undefined ? {} : toJson(payload),
        isForAdmins: boolField(broadcast, 'ContainsSensitiveData'),
        userId: stringField(broadcast, 'UserId'),
      });
      return {};
    }),
  };
}

function logMethods(backend: ApiBackend): Methods {
  const method = (level: HostLogLine['level']) =>
    plain({}, (argument) => {
      const pairs = listField(argument, 'B').map(toJson);
      const fields: Record<string, unknown> = {};
      for (let at = 0; at + 1 < pairs.length; at += 2) fields[String(pairs[at])] = pairs[at + 1];
      backend.log({ level, message: stringField(argument, 'A'), source: 'api', fields });
      return {};
    });
  return {
    LogDebug: method('debug'),
    LogInfo: method('info'),
    LogWarn: method('warn'),
    LogError: method('error'),
    LogAuditRec: plain({}, (argument) => {
      const record = structField(argument, 'A') ?? {};
      const event = structField(record, 'EventData') ?? {};
      const actor = structField(record, 'Actor') ?? {};
      // The server adds to both maps without a look whether they are there.
      if (!(event['Parameters'] instanceof Map) || !(record['Meta'] instanceof Map)) {
        backend.violation('LogAuditRec without its maps crashes the server');
        return {};
      }
      backend.onAuditRecord({
        event: stringField(record, 'EventName'),
        status: stringField(record, 'Status'),
        userId: stringField(actor, 'UserId'),
        objectType: stringField(event, 'ObjectType'),
        parameters: toJson(event['Parameters']) as Record<string, unknown>,
      });
      return {};
    }),
  };
}

/** A method that returns the fields given. */
function plain<F extends Record<string, GobSchema>>(
  fields: F,
  handle: (argument: GobStruct) => GobInput<ReturnType<typeof struct<F>>>,
): RpcMethod {
  const reply = Object.keys(fields).length === 0 ? emptyStruct : result('Z_Returns', fields);
  return { reply, handle: (argument) => handle(asStruct(argument)) };
}

/** The same for a method whose result `errorField` is an AppError, where such errors go. */
function guarded<F extends Record<string, GobSchema>>(
  fields: F,
  errorField: string,
  handle: (argument: GobStruct) => GobInput<ReturnType<typeof struct<F>>>,
): RpcMethod {
  return rpcGuarded(result('Z_Returns', fields), errorField, handle);
}

function rpcGuarded<S extends GobSchema>(
  reply: S,
  errorField: string,
  handle: (argument: GobStruct) => GobInput<S>,
): RpcMethod {
  return {
    reply,
    handle: (argument) => {
      try {
        return handle(asStruct(argument));
      } catch (error) {
        if (error instanceof AppError) return { [errorField]: error.toWire() };
        throw error;
      }
    },
  };
}

function lowerCaseKeys(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key.toLowerCase(), value]),
  );
}

/** What came in an `any`, as JSON would have it. */
function toJson(value: GobValue): unknown {
  if (isInterfaceValue(value)) return toJson(value.value as GobValue);
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, entry]) => [key as string, toJson(entry)]));
  }
  return value;
}
