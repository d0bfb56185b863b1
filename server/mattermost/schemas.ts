import {
  anyValue,
  bool,
  bytes,
  emptyStruct,
  gobRegistry,
  int,
  interfaceMap,
  map,
  slice,
  string,
  struct,
} from '../../lib/gob/index.ts';

// Every type we send, by the names and kinds of the server's Go types. Fields that are never sent
// are left out: Go matches by name. What we receive is decoded by the types the server sends.
// Names of structs are informational. The versions say since when a server knows the call.

/** Types that may stand in interface values we send. */
const errorString = struct('ErrorString', { Code: int, Err: string });
/** The server's own kind of error: what it says reaches whoever made the request. */
const appError = struct('AppError', {
  Id: string,
  Message: string,
  StatusCode: int,
  Where: string,
  SkipTranslation: bool,
});
export const registry = gobRegistry({
  '*plugin.ErrorString': errorString,
  '*model.AppError': appError,
});

/** Go's `http.Header`. */
const header = map(string, slice(string), 'Header');

const permission = struct('Permission', {
  Id: string,
  Name: string,
  Description: string,
  Scope: string,
});

const keyValueOptions = struct('PluginKVSetOptions', {
  Atomic: bool,
  OldValue: bytes,
  ExpireInSeconds: int,
});

const clusterEvent = struct('PluginClusterEvent', { Id: string, Data: bytes });

const clusterEventOptions = struct('PluginClusterEventSendOptions', {
  SendType: string,
  TargetId: string,
});

const broadcast = struct('WebsocketBroadcast', {
  UserId: string,
  ChannelId: string,
  TeamId: string,
  ConnectionId: string,
  ContainsSensitiveData: bool,
});

const auditRecord = struct('AuditRecord', {
  EventName: string,
  Status: string,
  EventData: struct('AuditEventData', {
    Parameters: interfaceMap,
    PriorState: interfaceMap,
    ResultState: interfaceMap,
    ObjectType: string,
  }),
  Actor: struct('AuditEventActor', {
    UserId: string,
    SessionId: string,
    Client: string,
    IpAddress: string,
    XForwardedFor: string,
  }),
  Meta: interfaceMap,
  Error: struct('AuditEventError', { Description: string, Code: int }),
});

const logLine = struct('Z_LogArgs', { A: string, B: slice(anyValue, '[]interface {}') });

/** Arguments of the API calls, by method; replies are `{A, B, …}` in result order. */
export const apiArguments = {
  LoadPluginConfiguration: emptyStruct, // 5.2
  GetUnsanitizedConfig: emptyStruct, // 5.16
  GetLicense: emptyStruct, // 5.10
  GetServerVersion: emptyStruct, // 5.4
  GetDiagnosticId: emptyStruct, // 5.10
  GetSystemInstallDate: emptyStruct, // 5.10
  GetBundlePath: emptyStruct, // 5.10
  GetPluginStatus: struct('Z_GetPluginStatusArgs', { A: string }), // 5.6
  HasPermissionTo: struct('Z_HasPermissionToArgs', { A: string, B: permission }), // 5.3
  KVGet: struct('Z_KVGetArgs', { A: string }), // 5.2
  KVSet: struct('Z_KVSetArgs', { A: string, B: bytes }), // 5.2
  KVSetWithOptions: struct('Z_KVSetWithOptionsArgs', { A: string, B: bytes, C: keyValueOptions }), // 5.20
  KVCompareAndSet: struct('Z_KVCompareAndSetArgs', { A: string, B: bytes, C: bytes }), // 5.12
  KVDelete: struct('Z_KVDeleteArgs', { A: string }), // 5.2
  KVList: struct('Z_KVListArgs', { A: int, B: int }), // 5.6
  PublishPluginClusterEvent: struct('Z_PublishPluginClusterEventArgs', {
    A: clusterEvent,
    B: clusterEventOptions,
  }), // 5.36
  PublishWebSocketEvent: struct('Z_PublishWebSocketEventArgs', {
    A: string,
    B: interfaceMap,
    C: broadcast,
  }), // 5.2
  LogDebug: logLine, // 5.2
  LogInfo: logLine, // 5.2
  LogWarn: logLine, // 5.2
  LogError: logLine, // 5.2
  LogAuditRec: struct('Z_LogAuditRecArgs', { A: auditRecord }), // 10.11
} as const;

export type ApiMethod = keyof typeof apiArguments;

const namedValue = struct('NamedValue', { Name: string, Ordinal: int, Value: anyValue });

/** Arguments of the database driver's calls, by method; a single argument stands bare. */
export const driverArguments = {
  Conn: bool, // isMaster
  ConnClose: string,
  ConnQuery: struct('Z_DbConnArgs', { A: string, B: string, C: slice(namedValue) }),
  ConnExec: struct('Z_DbConnArgs', { A: string, B: string, C: slice(namedValue) }),
  Stmt: struct('Z_DbStmtArgs', { A: string, B: string }),
  StmtClose: string,
  StmtQuery: struct('Z_DbStmtQueryArgs', { A: string, B: slice(namedValue) }),
  StmtExec: struct('Z_DbStmtQueryArgs', { A: string, B: slice(namedValue) }),
  RowsColumns: string,
  RowsColumnTypeDatabaseTypeName: struct('Z_DbRowsColumnArg', { A: string, B: int }),
  RowsNext: struct('Z_DbRowScanArg', { A: string, B: slice(anyValue, '[]driver.Value') }),
  RowsClose: string,
} as const;

export type DriverMethod = keyof typeof driverArguments;

const fileData = struct('FileData', { Filename: string, Body: bytes });

/** Replies of the hooks, by method. An `error` that is nil is left out. */
export const hookReplies = {
  Implemented: slice(string), // 5.2
  OnActivate: struct('Z_OnActivateReturns', { A: anyValue }), // 5.2
  OnDeactivate: struct('Z_OnDeactivateReturns', { A: anyValue }), // 5.2
  OnConfigurationChange: struct('Z_OnConfigurationChangeReturns', { A: anyValue }), // 5.2
  // A, the changed configuration, is never sent: echoing it would lose zeros.
  ConfigurationWillBeSaved: struct('Z_ConfigurationWillBeSavedReturns', { B: anyValue }), // 8.0
  ServeHTTP: emptyStruct, // 5.2
  GenerateSupportData: struct('Z_GenerateSupportDataReturns', { A: slice(fileData), B: anyValue }), // 9.8
  OnPluginClusterEvent: emptyStruct, // 5.36
  ServeMetrics: emptyStruct, // 9.2
} as const;

export type HookName = keyof typeof hookReplies;

/** Arguments of the response writer's calls, by method. */
export const writerArguments = {
  Header: emptyStruct,
  SyncHeader: header,
  WriteHeader: int,
  Write: bytes,
  Flush: emptyStruct, // 11.2
  HijackResponse: emptyStruct,
  HjConnClose: emptyStruct,
} as const;
