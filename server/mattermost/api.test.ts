import { describe, expect, test } from '@jest/globals';
import {
  type GobSchema,
  anyValue,
  asStruct,
  bool,
  bytes,
  emptyStruct,
  float,
  int,
  interfaceMap,
  interfaceValue,
  map,
  slice,
  string,
  struct,
} from '../../lib/gob/index.ts';
import { FakeHost } from './fake-host-fixture.ts';
import { maxKeyLength } from './limits.ts';
import type { PluginApi } from './plugin-api.ts';

const appErrorSchema = struct('AppError', {
  Id: string,
  Message: string,
  DetailedError: string,
  RequestId: string,
  StatusCode: int,
  Where: string,
});
const refusal = {
  Id: 'api.refused',
  Message: 'Refused.',
  DetailedError: 'because',
  StatusCode: 400,
  Where: 'Somewhere',
};

/** An API whose `method` answers `reply` of `schema`, and what was asked. */
async function answering(method: string, schema: GobSchema, reply: unknown) {
  let api: PluginApi | undefined;
  const host = await FakeHost.active(
    {
      onActivate: (given) => {
        api = given.api;
        return Promise.resolve();
      },
    },
    { [method]: { reply: schema, handle: () => reply } },
  );
  if (api === undefined) throw new Error('not activated');
  const asked = () => host.apiCalls.at(-1)?.argument;
  return { api, asked, host };
}

/** Calls `method` once over the wire and returns what came of it. */
async function f(
  method: string,
  schema: GobSchema,
  reply: unknown,
  call: (api: PluginApi) => Promise<unknown>,
): Promise<{ result: unknown; asked: unknown }> {
  const { api, asked, host } = await answering(method, schema, reply);
  const result = await call(api).catch((error: unknown) => error);
  await host.stop();
  return { result, asked: asked() };
}

const reply = (fields: Record<string, GobSchema>) => struct('Returns', fields);
const utf8 = (text: string) => new Uint8Array(Buffer.from(text));

describe('calls', () => {
  test('load the settings as an object, whatever the server has', async () => {
    const call = (api: PluginApi) => api.loadPluginConfiguration();
    const g = async (json: string) =>
      (await f('LoadPluginConfiguration', reply({ A: bytes }), { A: utf8(json) }, call)).result;
    expect(await g('{"dbpath":"x","interval":15,"__proto__":{"a":1}}')).toMatchObject({
      dbpath: 'x',
      interval: 15,
    });
    expect(await g('')).toEqual({});
    expect(await g('null')).toEqual({});
    expect(await g('[1]')).toMatchObject({ code: 'API_REPLY' });
    expect(await g('{"secret":"hunter2"')).toMatchObject({
      code: 'API_REPLY',
      message: expect.not.stringContaining('hunter2') as unknown,
    });
  });

  test('read the configuration with zeros for what is absent', async () => {
    const config = struct('Config', {
      ServiceSettings: struct('ServiceSettings', { SiteURL: string }),
      MetricsSettings: struct('MetricsSettings', { Enable: bool, ListenAddress: string }),
      FileSettings: struct('FileSettings', { DriverName: string, Directory: string }),
      SqlSettings: struct('SqlSettings', { DriverName: string }),
      PluginSettings: struct('PluginSettings', {
        Enable: bool,
        Plugins: map(string, interfaceMap),
        PluginStates: map(string, struct('PluginState', { Enable: bool })),
      }),
      FeatureFlags: struct('FeatureFlags', { AggregatePluginMetrics: bool }),
    });
    const call = (api: PluginApi) => api.getUnsanitizedConfig();
    const full = {
      ServiceSettings: { SiteURL: 'https://chat.example' },
      MetricsSettings: { Enable: true, ListenAddress: ':8067' },
      FileSettings: { DriverName: 'local', Directory: './data/' },
      SqlSettings: { DriverName: 'postgres' },
      PluginSettings: {
        Enable: true,
        Plugins: {
          other: { deep: interfaceValue('string', 'x') },
          'com.mattermost.calls': { RTCDServiceURL: interfaceValue('string', ' http://rtcd ') },
        },
        PluginStates: { b: { Enable: true }, off: { Enable: false }, a: { Enable: true } },
      },
      FeatureFlags: { AggregatePluginMetrics: true },
    };
    const method = 'GetUnsanitizedConfig';
    expect((await f(method, reply({ A: config }), { A: full }, call)).result).toEqual({
      service: { siteUrl: 'https://chat.example' },
      metrics: { enable: true, listenAddress: ':8067' },
      file: { driverName: 'local', directory: './data/' },
      cluster: { enable: false, clusterName: '', overrideHostname: '' },
      plugins: { enabled: ['a', 'b'], rtcdUrl: 'http://rtcd', areMetricsAggregated: true },
      sql: { driverName: 'postgres' },
    });
    const empty = await f(method, reply({ A: config }), { A: {} }, call);
    expect(empty.result).toMatchObject({
      metrics: { enable: false, listenAddress: '' },
      plugins: { enabled: [], rtcdUrl: '', areMetricsAggregated: false },
    });
    expect((await f(method, reply({ A: config }), {}, call)).result).toMatchObject({
      code: 'API_REPLY',
    });
    const odd = struct('Config', { MetricsSettings: float });
    expect(
      (await f(method, reply({ A: odd }), { A: { MetricsSettings: 1 } }, call)).result,
    ).toMatchObject({ code: 'GOB_WRONG_KIND' });
  });

  test('read licence, version, ids, dates and status', async () => {
    const features = struct('Features', { Users: int, Metrics: bool, Cluster: bool });
    const license = struct('License', {
      Id: string,
      SkuName: string,
      SkuShortName: string,
      IsTrial: bool,
      ExpiresAt: int,
      Customer: struct('Customer', { Id: string }),
      Features: features,
    });
    const A = {
      Id: 'l',
      SkuShortName: 'enterprise',
      ExpiresAt: 1e12,
      Customer: { Id: 'c' },
      Features: { Metrics: true },
    };
    const getLicense = (api: PluginApi) => api.getLicense();
    expect((await f('GetLicense', reply({ A: license }), { A }, getLicense)).result).toEqual({
      id: 'l',
      skuName: '',
      skuShortName: 'enterprise',
      isTrial: false,
      customerId: 'c',
      expiresAtMs: 1e12,
      features: { users: 0, metrics: true, cluster: false, compliance: false },
    });
    expect((await f('GetLicense', reply({ A: license }), {}, getLicense)).result).toBeUndefined();

    const text = reply({ A: string });
    const version = await f('GetServerVersion', text, { A: '11.9.0' }, (api) =>
      api.getServerVersion(),
    );
    expect(version).toEqual({ result: '11.9.0', asked: {} });
    const id = await f('GetDiagnosticId', text, { A: 'd' }, (api) => api.getDiagnosticId());
    expect(id.result).toBe('d');
    const date = reply({ A: int, B: appErrorSchema });
    const installed = (api: PluginApi) => api.getSystemInstallDate();
    expect((await f('GetSystemInstallDate', date, { A: 5 }, installed)).result).toBe(5);

    const status = struct('PluginStatus', { PluginId: string, State: int, Error: string });
    const statusReply = reply({ A: status, B: appErrorSchema });
    const getStatus = (api: PluginApi) => api.getPluginStatus('p');
    const running = { A: { PluginId: 'p', State: 2 } };
    expect(await f('GetPluginStatus', statusReply, running, getStatus)).toMatchObject({
      result: { pluginId: 'p', state: 2, error: '', version: '' },
      asked: { A: 'p' },
    });
  });

  test('ask for permissions with the permission always sent', async () => {
    const call = (api: PluginApi) => api.hasPermissionTo('u', 'manage_system');
    expect(await f('HasPermissionTo', reply({ A: bool }), { A: true }, call)).toEqual({
      result: true,
      asked: {
        A: 'u',
        B: { Id: 'manage_system', Name: '', Description: '', Scope: 'system_scope' },
      },
    });
    expect((await f('HasPermissionTo', reply({ A: bool }), {}, call)).result).toBe(false);
  });

  test('read and write keys', async () => {
    const got = reply({ A: bytes, B: appErrorSchema });
    const get = (api: PluginApi) => api.kvGet('k');
    expect((await f('KVGet', got, { A: utf8('v') }, get)).result).toEqual(utf8('v'));
    expect((await f('KVGet', got, {}, get)).result).toBeUndefined();
    const failed = reply({ A: appErrorSchema });
    expect(await f('KVSet', failed, {}, (api) => api.kvSet('k', utf8('v')))).toEqual({
      result: undefined,
      asked: { A: 'k', B: utf8('v') },
    });
    expect((await f('KVDelete', failed, {}, (api) => api.kvDelete('k'))).asked).toEqual({ A: 'k' });
    const keys = reply({ A: slice(string), B: appErrorSchema });
    expect(await f('KVList', keys, { A: ['a', 'b'] }, (api) => api.kvList(0, 1000))).toEqual({
      result: ['a', 'b'],
      asked: { A: 0, B: 1000 },
    });
  });

  test('write keys on a condition', async () => {
    const done = reply({ A: bool, B: appErrorSchema });
    const set = (api: PluginApi) =>
      api.kvSetWithOptions('k', utf8('n'), {
        atomic: true,
        oldValue: utf8('o'),
        expireInSeconds: 15,
      });
    expect(await f('KVSetWithOptions', done, { A: true }, set)).toEqual({
      result: true,
      asked: {
        A: 'k',
        B: utf8('n'),
        C: { Atomic: true, OldValue: utf8('o'), ExpireInSeconds: 15 },
      },
    });
    const unlock = (api: PluginApi) => api.kvSetWithOptions('k', undefined, {});
    expect(await f('KVSetWithOptions', done, {}, unlock)).toEqual({
      result: false,
      asked: { A: 'k', C: { Atomic: false, ExpireInSeconds: 0 } },
    });
    const insert = (api: PluginApi) => api.kvCompareAndSet('k', undefined, utf8('n'));
    expect(await f('KVCompareAndSet', done, { A: true }, insert)).toEqual({
      result: true,
      asked: { A: 'k', C: utf8('n') },
    });
  });

  test('publish events', async () => {
    const failed = reply({ A: anyValue });
    const event = { id: 'e', data: utf8('d') };
    const cluster = (api: PluginApi) =>
      api.publishPluginClusterEvent(event, { sendType: 'reliable', targetId: 'n1' });
    expect(await f('PublishPluginClusterEvent', failed, {}, cluster)).toEqual({
      result: undefined,
      asked: { A: { Id: 'e', Data: utf8('d') }, B: { SendType: 'reliable', TargetId: 'n1' } },
    });
    const socket = (api: PluginApi) =>
      api.publishWebSocketEvent('changed', { id: 'x', n: 1.5, ok: true, no: null }, {});
    const { asked } = await f('PublishWebSocketEvent', emptyStruct, {}, socket);
    expect(asked).toMatchObject({ A: 'changed', C: { UserId: '' } });
    const toAdmins = (api: PluginApi) =>
      api.publishWebSocketEvent('changed', {}, { isForAdmins: true });
    const admins = (await f('PublishWebSocketEvent', emptyStruct, {}, toAdmins)).asked;
    expect(admins).toMatchObject({ C: { ContainsSensitiveData: true } });
    expect(asStruct(asked as never)['B']).toEqual(
      new Map([
        ['id', expect.objectContaining({ typeName: 'string', value: 'x' })],
        ['n', expect.objectContaining({ typeName: 'float64', value: 1.5 })],
        ['ok', expect.objectContaining({ typeName: 'bool', value: true })],
        ['no', null],
      ] as [string, unknown][]),
    );
  });
});

describe('refusals', () => {
  test('of the server carry its fields', async () => {
    const failed = reply({ A: appErrorSchema });
    const call = (api: PluginApi) => api.kvSet('k', utf8('v'));
    const { result } = await f('KVSet', failed, { A: refusal }, call);
    expect(result).toMatchObject({
      name: 'AppError',
      code: 'api.refused',
      message: 'Somewhere: Refused., because',
      statusCode: 400,
    });
  });

  test('that are Go errors are told apart by number, type and text', async () => {
    const path = reply({ A: string, B: anyValue });
    const call = (api: PluginApi) => api.getBundlePath();
    const g = async (typeName: string, value: unknown) => {
      const B = interfaceValue(typeName, value);
      return (await f('GetBundlePath', path, { B }, call)).result;
    };
    expect((await f('GetBundlePath', path, { A: '/p' }, call)).result).toBe('/p');
    const code = async (Code: number) => g('*plugin.ErrorString', { Code, Err: 'text' });
    expect(await code(0)).toMatchObject({ code: 'HOST_FAILED', message: 'text' });
    expect(await code(1)).toMatchObject({ code: 'HOST_EOF' });
    expect(await code(6)).toMatchObject({ code: 'HOST_BAD_CONNECTION' });
    expect(await code(99)).toMatchObject({ code: 'HOST_FAILED' });
  });

  test('to send what would hurt the server', async () => {
    const { api, host } = await answering('KVGet', emptyStruct, {});
    const g = async (call: Promise<unknown>) => {
      await expect(call).rejects.toMatchObject({ code: 'API_ARGUMENT' });
    };
    const v = utf8('v');
    await g(api.kvGet(''));
    await g(api.kvGet('x'.repeat(maxKeyLength + 1)));
    await g(api.kvSet('mmi_x', v));
    await g(api.kvSet('k', new Uint8Array(0)));
    await g(api.kvSetWithOptions('k', new Uint8Array(0), {}));
    await g(api.kvSetWithOptions('k', v, { oldValue: v }));
    await g(api.kvSetWithOptions('k', v, { expireInSeconds: 1.5 }));
    await g(api.kvSetWithOptions('k', v, { expireInSeconds: -1 }));
    await g(api.kvCompareAndSet('k', new Uint8Array(0), v));
    await g(api.kvCompareAndSet('k', v, new Uint8Array(0)));
    await g(api.kvDelete(''));
    await g(api.kvList(-1, 10));
    await g(api.kvList(0, 0));
    await g(api.kvList(0, 1001));
    await g(api.hasPermissionTo('', 'manage_system'));
    await g(api.hasPermissionTo('u', ''));
    await g(api.getPluginStatus(''));
    await g(api.publishPluginClusterEvent({ id: '', data: v }, { sendType: 'reliable' }));
    await g(api.publishWebSocketEvent('', {}, {}));
    expect(host.apiCalls).toEqual([]);
    await expect(api.kvGet('ü'.repeat(maxKeyLength))).resolves.toBeUndefined();
    await host.stop();
  });
});

describe('audit records', () => {
  const record = {
    event: 'createDump',
    isSuccess: false,
    actor: { userId: 'u', client: 'x'.repeat(9000), ipAddress: '192.0.2.7', forwardedFor: '' },
    apiPath: '/api/v1/dumps',
    objectType: 'dump',
    parameters: { id: 'd', from: 1, isThin: true },
    error: { description: 'NOT_PERMITTED', status: 403 },
  };

  test('go out with every map, because the server adds to them unseen', async () => {
    const { asked, result } = await f('LogAuditRec', emptyStruct, {}, (api) =>
      api.logAuditRecord(record),
    );
    expect(result).toBeUndefined();
    expect(asked).toEqual({
      A: {
        EventName: 'createDump',
        Status: 'fail',
        EventData: {
          Parameters: new Map<string, unknown>([
            ['id', interfaceValue('string', 'd')],
            ['from', interfaceValue('float64', 1)],
            ['isThin', interfaceValue('bool', true)],
          ]),
          PriorState: new Map(),
          ResultState: new Map(),
          ObjectType: 'dump',
        },
        Actor: {
          ...{ UserId: 'u', SessionId: '', Client: 'x'.repeat(1024) },
          ...{ IpAddress: '192.0.2.7', XForwardedFor: '' },
        },
        Meta: new Map([['api_path', interfaceValue('string', '/api/v1/dumps')]]),
        Error: { Description: 'NOT_PERMITTED', Code: 403 },
      },
    });
  });

  test('are refused where the server would lose them, and by servers that have none', async () => {
    const call = (change: object) => (api: PluginApi) =>
      api.logAuditRecord({ ...record, ...change });
    const g = async (change: object) => await f('LogAuditRec', emptyStruct, {}, call(change));
    for (const change of [
      { event: '' },
      { parameters: { n: NaN } },
      { parameters: { t: 'x'.repeat(1025) } },
    ]) {
      expect(await g(change)).toMatchObject({ result: { code: 'API_ARGUMENT' }, asked: undefined });
    }
    const { api, host } = await answering('Other', emptyStruct, {});
    await expect(api.logAuditRecord(record)).rejects.toMatchObject({ code: 'RPC_REMOTE' });
    await host.stop();
  });
});
