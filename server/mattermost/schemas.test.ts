import { expect, test } from '@jest/globals';
import { fromHex, toHex } from '../../lib/bytes/index.ts';
import { GobEncoder, type GobSchema, interfaceValue } from '../../lib/gob/index.ts';
import {
  apiArguments,
  driverArguments,
  hookReplies,
  registry,
  writerArguments,
} from './schemas.ts';

/** A schema in the notation of Mattermost's Go types. */
function describeSchema(schema: GobSchema): string {
  switch (schema.kind) {
    case 'struct': {
      const fields = Object.entries(schema.fields());
      return `{${fields.map(([name, field]) => `${name}:${describeSchema(field)}`).join(' ')}}`;
    }
    case 'slice':
      return `[]${describeSchema(schema.element)}`;
    case 'map':
      return `map[${describeSchema(schema.key)}]${describeSchema(schema.value)}`;
    case 'interface':
      return 'any';
    default:
      return schema.kind;
  }
}

const describeAll = (schemas: Record<string, GobSchema>) =>
  Object.fromEntries(Object.entries(schemas).map(([name, item]) => [name, describeSchema(item)]));

// A renamed field would be dropped by the server without a word: these are typed from its sources.
test('arguments of the API have the names and kinds of the server', () => {
  const event = '{Id:string Data:bytes}';
  const broadcast =
    '{UserId:string ChannelId:string TeamId:string ConnectionId:string ContainsSensitiveData:bool}';
  const permission = '{Id:string Name:string Description:string Scope:string}';
  const auditData =
    '{Parameters:map[string]any PriorState:map[string]any ResultState:map[string]any ObjectType:string}';
  const actor =
    '{UserId:string SessionId:string Client:string IpAddress:string XForwardedFor:string}';
  const options = '{Atomic:bool OldValue:bytes ExpireInSeconds:int}';
  expect(describeAll(apiArguments)).toEqual({
    LoadPluginConfiguration: '{}',
    GetUnsanitizedConfig: '{}',
    GetLicense: '{}',
    GetServerVersion: '{}',
    GetDiagnosticId: '{}',
    GetSystemInstallDate: '{}',
    GetBundlePath: '{}',
    GetPluginStatus: '{A:string}',
    HasPermissionTo: `{A:string B:${permission}}`,
    KVGet: '{A:string}',
    KVSet: '{A:string B:bytes}',
    KVSetWithOptions: `{A:string B:bytes C:${options}}`,
    KVCompareAndSet: '{A:string B:bytes C:bytes}',
    KVDelete: '{A:string}',
    KVList: '{A:int B:int}',
    PublishPluginClusterEvent: `{A:${event} B:{SendType:string TargetId:string}}`,
    PublishWebSocketEvent: `{A:string B:map[string]any C:${broadcast}}`,
    LogDebug: '{A:string B:[]any}',
    LogInfo: '{A:string B:[]any}',
    LogWarn: '{A:string B:[]any}',
    LogError: '{A:string B:[]any}',
    LogAuditRec: `{A:{EventName:string Status:string EventData:${auditData} Actor:${actor} Meta:map[string]any Error:{Description:string Code:int}}}`,
  });
});

test('replies of the hooks and calls of the response writer do, too', () => {
  expect(describeAll(hookReplies)).toEqual({
    Implemented: '[]string',
    OnActivate: '{A:any}',
    OnDeactivate: '{A:any}',
    OnConfigurationChange: '{A:any}',
    ConfigurationWillBeSaved: '{B:any}',
    ServeHTTP: '{}',
    GenerateSupportData: '{A:[]{Filename:string Body:bytes} B:any}',
    OnPluginClusterEvent: '{}',
    ServeMetrics: '{}',
  });
  expect(describeAll(writerArguments)).toEqual({
    Header: '{}',
    WriteHeader: 'int',
    Write: 'bytes',
    Flush: '{}',
    HijackResponse: '{}',
    HjConnClose: '{}',
    SyncHeader: 'map[string][]string',
  });
});

test('arguments of the database driver do', () => {
  const named = '[]{Name:string Ordinal:int Value:any}';
  expect(describeAll(driverArguments)).toEqual({
    Conn: 'bool',
    ConnClose: 'string',
    ConnQuery: `{A:string B:string C:${named}}`,
    ConnExec: `{A:string B:string C:${named}}`,
    Stmt: '{A:string B:string}',
    StmtClose: 'string',
    StmtQuery: `{A:string B:${named}}`,
    StmtExec: `{A:string B:${named}}`,
    RowsColumns: 'string',
    RowsColumnTypeDatabaseTypeName: '{A:string B:int}',
    RowsNext: '{A:string B:[]any}',
    RowsClose: 'string',
  });
});

test('a conditional write has the bytes that Go writes', () => {
  // Printed by Go's encoder; only the first encoder call carries the definitions.
  const f = (value: object, want: string) => {
    const encoder = new GobEncoder({ registry });
    const schema = apiArguments.KVSetWithOptions;
    const bytes = encoder.encode(schema, value);
    const tail = fromHex(want);
    expect(toHex(bytes.subarray(bytes.length - tail.length))).toBe(toHex(tail));
  };
  const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
  const lock = { Atomic: true, ExpireInSeconds: 15 };
  f({ A: 'k', B: utf8('v'), C: lock }, '0f ff 82 01 01 6b 01 01 76 01 01 01 02 1e 00 00');
  f({ A: 'k', C: {} }, '08 ff 82 01 01 6b 02 00 00');
});

test('arguments of a query have the bytes that Go writes', () => {
  const encoder = new GobEncoder({ registry });
  const values = [
    { Ordinal: 1, Value: interfaceValue('string', 's') },
    { Ordinal: 2, Value: interfaceValue('int64', 7) },
    { Ordinal: 3, Value: null },
  ];
  const bytes = encoder.encode(driverArguments.ConnQuery, { A: 'c', B: 'q', C: values });
  // Printed by Go's encoder for DbConnArgs.
  const want =
    '2c ff 82 01 01 63 01 01 71 01 03 02 02 01 06 73 74 72 69 6e 67 0c 03 00 01 73 00 02 04 01 05 69 6e 74 36 34 04 02 00 0e 00 02 06 00 00';
  const tail = fromHex(want);
  expect(toHex(bytes.subarray(bytes.length - tail.length))).toBe(toHex(tail));
});

test('an audit record has the bytes that Go writes', () => {
  const encoder = new GobEncoder({ registry });
  const texts = (entries: Record<string, string>) =>
    new Map(Object.entries(entries).map(([key, text]) => [key, interfaceValue('string', text)]));
  const bytes = encoder.encode(apiArguments.LogAuditRec, {
    A: {
      EventName: 'createDump',
      Status: 'success',
      EventData: {
        Parameters: texts({ id: 'a' }),
        PriorState: new Map(),
        ResultState: new Map(),
        ObjectType: 'dump',
      },
      Actor: { UserId: 'u', Client: 'c', IpAddress: 'i' },
      Meta: texts({ api_path: '/p' }),
      Error: { Description: 'E', Code: 403 },
    },
  });
  // Printed by Go's encoder for the record of the server's own model.
  const want =
    '63 ff 80 01 01 0a 63 72 65 61 74 65 44 75 6d 70 01 07 73 75 63 63 65 73 73 01 01 01 02 69 64 06 73 74 72 69 6e 67 0c 03 00 01 61 01 00 01 00 01 04 64 75 6d 70 00 01 01 01 75 02 01 63 01 01 69 00 01 01 08 61 70 69 5f 70 61 74 68 06 73 74 72 69 6e 67 0c 04 00 02 2f 70 01 01 01 45 01 fe 03 26 00 00 00';
  // The numbers of types are each encoder's own.
  const tail = fromHex(want).subarray(3);
  expect(toHex(bytes.subarray(bytes.length - tail.length))).toBe(toHex(tail));
});
