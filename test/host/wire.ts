import {
  anyValue,
  bool,
  bytes,
  gobRegistry,
  int,
  interfaceValue,
  map,
  marshaler,
  slice,
  string,
  struct,
  uint,
  type InterfaceValue,
} from '../../lib/gob/index.ts';

// The server's side of the plugin protocol: its Go types as schemas. Values are sent in the style of
// Go's own encoder: zero fields left out, interface values split over several messages.

const errorString = struct('ErrorString', { Code: int, Err: string });

export const appError = struct('AppError', {
  Id: string,
  Message: string,
  DetailedError: string,
  RequestId: string,
  StatusCode: int,
  Where: string,
  SkipTranslation: bool,
});

export const registry = gobRegistry({
  '*plugin.ErrorString': errorString,
  '*model.AppError': appError,
});

/** Go takes values of up to 1 GiB. */
const maxMessageBytes = 2 ** 30;

/** How this side encodes and what it accepts: as a Go program does. */
export const goStyle = { registry, style: 'go', limits: { maxMessageBytes } } as const;

/** A Go `error` as it crosses the wire. */
export function goError(text: string): InterfaceValue {
  return interfaceValue('*plugin.ErrorString', { Err: text });
}

/** An error that Go code tells by its number: 1 is the end of rows, 6 a bad connection. */
export function goErrorCode(code: number, text: string): InterfaceValue {
  return interfaceValue('*plugin.ErrorString', { Code: code, Err: text });
}

/** A JSON value as Go holds it in an `any`: numbers are float64. */
export function goAny(value: unknown): InterfaceValue | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return interfaceValue('string', value);
  if (typeof value === 'boolean') return interfaceValue('bool', value);
  if (typeof value === 'number') return interfaceValue('float64', value);
  if (Array.isArray(value)) return interfaceValue('[]interface {}', value.map(goAny));
  const entries = Object.entries(value).map(([key, entry]) => [key, goAny(entry)] as const);
  return interfaceValue('map[string]interface {}', new Map(entries));
}

export const header = map(string, slice(string), 'Header');

export const context = struct('Context', {
  SessionId: string,
  RequestId: string,
  IPAddress: string,
  AcceptLanguage: string,
  UserAgent: string,
});

/** What the server passes of an HTTP request since 10.7; the body travels apart. */
const httpRequest = struct('HTTPRequestSubset', {
  Method: string,
  URL: marshaler('binary', 'URL'),
  Proto: string,
  ProtoMajor: int,
  ProtoMinor: int,
  Header: header,
  Host: string,
  RemoteAddr: string,
  RequestURI: string,
  Body: anyValue,
});

const served = {
  ResponseWriterStream: uint,
  Request: httpRequest,
  Context: context,
  RequestBodyStream: uint,
} as const;
export const serveHttpArguments = struct('Z_ServeHTTPArgs', served);
export const serveMetricsArguments = struct('Z_ServeMetricsArgs', served);

export const activateArguments = struct('Z_OnActivateArgs', { APIMuxId: uint, DriverMuxId: uint });

export const clusterEvent = struct('PluginClusterEvent', { Id: string, Data: bytes });

export const license = struct('License', {
  Id: string,
  IssuedAt: int,
  StartsAt: int,
  ExpiresAt: int,
  Customer: struct('Customer', { Id: string, Name: string, Email: string, Company: string }),
  Features: struct('Features', {
    Users: int,
    LDAP: bool,
    Metrics: bool,
    Cluster: bool,
    Compliance: bool,
  }),
  SkuName: string,
  SkuShortName: string,
  IsTrial: bool,
  IsGovSku: bool,
});

export const pluginStatus = struct('PluginStatus', {
  PluginId: string,
  ClusterId: string,
  PluginPath: string,
  State: int,
  Error: string,
  Name: string,
  Description: string,
  Version: string,
});

/** Kinds that a value of the configuration's sections may have. */
export { bool, bytes, int, map, slice, string, struct };
