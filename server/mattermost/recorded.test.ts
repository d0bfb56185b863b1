// Sessions as Mattermost servers of several versions sent them: test/vectors/wire.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import {
  GobDecoder,
  asStruct,
  stringField,
  structField,
  type GobValue,
} from '../../lib/gob/index.ts';
import { FrameDecoder, type FrameHeader } from '../../lib/yamux/index.ts';
import { parseServerConfig, pluginSettings } from './config/config.ts';
import { parseHostRequest } from './http/http-request.ts';

const servers = [
  { name: '10.3-go1.22', isWhole: true },
  { name: '10.3', isWhole: true },
  { name: '10.11-go1.24', isWhole: false },
  { name: '10.11', isWhole: false },
  { name: '11.1-go1.24', isWhole: false },
  { name: '11.1', isWhole: false },
  { name: '11.11', isWhole: false },
];

/** What the server sent on each stream, by stream id. */
function streamsOf(name: string): Map<number, Uint8Array> {
  const file = new URL(`../../test/vectors/wire/${name}.bin.gz`, import.meta.url);
  const pieces = new Map<number, Uint8Array[]>();
  let current: FrameHeader | undefined;
  const decoder = new FrameDecoder({
    header: (header) => (current = header),
    body: (piece) => {
      const id = current?.streamId ?? 0;
      pieces.set(id, [...(pieces.get(id) ?? []), piece]);
    },
  });
  decoder.feed(gunzipSync(readFileSync(file)));
  return new Map([...pieces].map(([id, parts]) => [id, Buffer.concat(parts)]));
}

/** All values of a gob stream, fed in pieces of `size`. */
function valuesIn(bytes: Uint8Array, size: number): GobValue[] {
  const decoder = new GobDecoder();
  const values: GobValue[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    decoder.push(bytes.subarray(at, at + size));
    for (let value = decoder.next(); value !== undefined; value = decoder.next())
      values.push(value);
  }
  decoder.end();
  return values;
}

/** Headers and bodies in turn, as net/rpc sends them; a connection of the broker begins with its id. */
function exchanges(bytes: Uint8Array, idBytes: number): [method: string, body: GobValue][] {
  const values = valuesIn(bytes.subarray(idBytes), 1 + (bytes.length % 97));
  return values.flatMap((header, at) => {
    const body = values[at + 1];
    if (at % 2 === 1 || body === undefined) return [];
    return [[stringField(asStruct(header), 'ServiceMethod'), body]];
  });
}

describe.each(servers)('a session with server $name', ({ name, isWhole }) => {
  const streams = streamsOf(name);
  // The host opens control, stdout, stderr and the hooks; we open the API first, then the database.
  const control = exchanges(streams.get(1) ?? new Uint8Array(0), 0);
  const hooks = exchanges(streams.get(7) ?? new Uint8Array(0), 4);
  const api = exchanges(streams.get(2) ?? new Uint8Array(0), 4);
  const bodiesOf = (calls: [string, GobValue][], method: string) =>
    calls.filter(([called]) => called === `Plugin.${method}`).map(([, body]) => asStruct(body));

  test('dispenses the hooks and says goodbye', () => {
    const methods = control.map(([method]) => method);
    expect(methods).toEqual(['Dispenser.Dispense', 'Control.Quit']);
  });

  test('has requests that are read, whichever type they come as', () => {
    const requests = bodiesOf(hooks, 'ServeHTTP');
    expect(requests.map((request) => parseHostRequest(request).url)).toEqual([
      '/api',
      '/upload?x=1',
      '/small',
    ]);
    const upload = parseHostRequest(requests[1] ?? null);
    expect(upload).toMatchObject({ method: 'POST', contentLength: 5, remoteAddress: '127.0.0.1' });
    expect(upload.headers).toContainEqual(['X-Own', 'a, b']);
    expect(upload.headers).toContainEqual(['Mattermost-User-Id', 'adminadminadminadminadmina']);
    const definitions = Buffer.from(streams.get(7) ?? []).toString('latin1');
    expect(definitions.includes('PeerCertificates')).toBe(isWhole);
    expect(definitions.includes('HTTPRequestSubset')).toBe(!isWhole);
    // A field of Go's own type tells by which release the server was built.
    expect(definitions.includes('Pattern')).toBe(isWhole && !name.endsWith('go1.22'));
  });

  test('has configurations, as reply and as argument', () => {
    const [reply] = bodiesOf(api, 'GetUnsanitizedConfig');
    const config = parseServerConfig(structField(reply ?? {}, 'A') ?? {});
    expect(config.service.siteUrl).toBe('http://mattermost.example.com');
    expect(config.file.driverName).toBe('local');
    const [saved] = bodiesOf(hooks, 'ConfigurationWillBeSaved');
    const own = pluginSettings(structField(saved ?? {}, 'A') ?? {}, 'a');
    expect(own).toMatchObject({ greeting: 'x' });
  });

  test('has the replies of every call and the other hooks', () => {
    const called = new Set(api.map(([method]) => method.replace('Plugin.', '')));
    expect([...called].sort()).toEqual([
      ...['GetBundlePath', 'GetDiagnosticId', 'GetLicense', 'GetPluginStatus', 'GetServerVersion'],
      ...['GetSystemInstallDate', 'GetUnsanitizedConfig', 'HasPermissionTo', 'KVCompareAndSet'],
      ...['KVDelete', 'KVGet', 'KVList', 'KVSet', 'KVSetWithOptions', 'LoadPluginConfiguration'],
      ...['LogInfo', 'PublishPluginClusterEvent', 'PublishWebSocketEvent'],
    ]);
    const hooked = new Set(hooks.map(([method]) => method.replace('Plugin.', '')));
    expect([...hooked].sort()).toEqual([
      ...['ConfigurationWillBeSaved', 'GenerateSupportData', 'Implemented', 'OnActivate'],
      ...['OnConfigurationChange', 'OnDeactivate', 'OnPluginClusterEvent', 'ServeHTTP'],
    ]);
  });
});
