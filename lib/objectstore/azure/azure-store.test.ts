import { afterEach, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRng, systemClock, type Clock } from '../../runtime/index.ts';
import { describeObjectStore, keysOf } from '../conformance-fixture.ts';
import { minPartBytes } from '../limits.ts';
import { readObject } from '../read-object.ts';
import type { RemoteSurroundings } from '../remote/surroundings.ts';
import { AzureDouble, type AzureFault } from './azure-double-fixture.ts';
import { azureServiceUrl, type AzureSettings } from './azure-settings.ts';
import { AzureStore } from './azure-store.ts';

const doubles: AzureDouble[] = [];
const stores: AzureStore[] = [];

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const double of doubles.splice(0)) await double.stop();
});

async function newDouble(): Promise<AzureDouble> {
  const double = await AzureDouble.start();
  doubles.push(double);
  return double;
}

/** Pauses take no time. */
const instantClock: Clock = {
  ...systemClock,
  setTimer: (_, run) => systemClock.setTimer(0, run),
};

function open(
  double: AzureDouble,
  changes: Partial<AzureSettings> = {},
  surroundings: Partial<RemoteSurroundings> = {},
): AzureStore {
  const { accessKey, account, container, host } = double;
  const settings: AzureSettings = {
    ...{ account, accessKey, container, pathPrefix: '', cloud: 'custom', isSecure: false },
    ...{ endpoint: `http://${host}/${account}`, idleMs: 0 },
    ...changes,
  };
  const common = { verifiesCertificates: true, environment: {}, rng: seededRng(1) };
  const store = new AzureStore(settings, { ...common, clock: instantClock, ...surroundings });
  stores.push(store);
  return store;
}

/** The first `count` requests of an operation meet the fault. */
function failing(operation: string, count: number, fault: AzureFault) {
  let left = count;
  return (request: { operation: string }) =>
    request.operation === operation && left-- > 0 ? fault : undefined;
}

describeObjectStore('azure', async () => open(await newDouble(), { pathPrefix: 'a dir//below/' }));

test('addresses the service as the host does', () => {
  const want = (changes: Partial<AzureSettings>, address: string | undefined) => {
    const settings = {
      ...{ account: 'account1', accessKey: 'x', container: 'c', pathPrefix: '', cloud: '' },
      ...{ endpoint: '', isSecure: true, idleMs: 0, ...changes },
    };
    const find = () => azureServiceUrl(settings).href;
    if (address !== undefined) expect(find()).toBe(address);
    else expect(find).toThrow(expect.objectContaining({ code: 'STORE_BAD_SETTINGS' }));
  };
  want({}, 'https://account1.blob.core.windows.net/');
  want({ cloud: 'commercial' }, 'https://account1.blob.core.windows.net/');
  want({ cloud: 'commercial', endpoint: 'ignored' }, 'https://account1.blob.core.windows.net/');
  want({ isSecure: false }, 'http://account1.blob.core.windows.net/');
  want({ cloud: 'government' }, 'https://account1.blob.core.usgovcloudapi.net/');
  const endpoint = 'http://localhost:10000/devstoreaccount1/';
  want({ cloud: 'custom', endpoint }, endpoint);
  // Hosts of before the clouds.
  want({ endpoint: 'blob.local:10000/' }, 'https://blob.local:10000/account1');
  want({ endpoint: '10.1.2.3', isSecure: false }, 'http://10.1.2.3/account1');
  want({ endpoint: 'https://blob.local/x' }, 'https://blob.local/x');
  for (const [cloud, bad] of [
    ['custom', ''],
    ['custom', 'blob.local'],
    ['custom', 'ftp://blob.local'],
    ['custom', 'https://'],
    ['china', ''],
    ['', 'a host'],
  ] as const) {
    want({ cloud, endpoint: bad }, undefined);
  }
  want({ account: 'Account/' }, undefined);
  want({ account: 'a#b', cloud: 'government' }, undefined);
});

test('names objects below the prefix as the host does', async () => {
  for (const [pathPrefix, name] of [
    ['', 'd/key'],
    ['a', 'a/d/key'],
    ['/a/', '/a/d/key'],
    ['a b', 'a b/d/key'],
    ['ä/日本', 'ä/日本/d/key'],
    ['a+b%20c&d', 'a+b%20c&d/d/key'],
  ] as const) {
    const double = await newDouble();
    const store = open(double, { pathPrefix });
    await store.put('d/key', Buffer.from('x'));
    expect([...double.blobs.keys()]).toEqual([name]);
    expect(await keysOf(store, '')).toEqual(['d/key']);
  }
});

test('sends large bodies in blocks, which only a whole upload makes an object', async () => {
  const double = await newDouble();
  const store = open(double);
  const bytes = Buffer.from(seededRng(2).bytes(1000));
  const large = Buffer.concat([Buffer.alloc(minPartBytes, 7), bytes]);
  double.fault = failing('PutBlock', 2, { kind: 'answer', status: 503, code: 'ServerBusy' });
  await store.put('large', large, { sizeBytes: large.length });
  expect(Buffer.compare(double.blobs.get('large')!.bytes, large)).toBe(0);
  double.fault = failing('PutBlockList', 99, { kind: 'answer', status: 403, code: 'X' });
  const put = store.put('other', large, { sizeBytes: large.length });
  await expect(put).rejects.toMatchObject({ code: 'STORE_DENIED' });
  expect(await store.head('other')).toBeUndefined();
  expect(double.blobs.size).toBe(1);
});

test('does not list what stands for a directory', async () => {
  const double = await newDouble();
  const store = open(double);
  await store.put('d/01/index', Buffer.from('x'));
  for (const name of ['d', 'd/01']) {
    const nothing = { bytes: Buffer.alloc(0), etag: '"d"', modifiedMs: 0 };
    double.blobs.set(name, { ...nothing, isDirectory: true });
  }
  expect(await keysOf(store, '')).toEqual(['d/01/index']);
});

test('reads on where a connection broke', async () => {
  const double = await newDouble();
  const store = open(double);
  const bytes = Buffer.from(seededRng(5).bytes(300_000));
  await store.put('key', bytes);
  double.fault = failing('GetBlob', 4, { kind: 'reset', afterBytes: 50_000 });
  expect(Buffer.compare(await readObject(store, 'key'), bytes)).toBe(0);
  double.fault = failing('GetBlob', 99, { kind: 'reset', afterBytes: 0 });
  await expect(readObject(store, 'key')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
});

test('names what the store refuses, without its secrets', async () => {
  const double = await newDouble();
  const store = open(double);
  for (const [status, name, code] of [
    [403, 'AuthenticationFailed', 'STORE_CREDENTIALS'],
    [403, 'AuthorizationFailure', 'STORE_DENIED'],
    [404, 'ContainerNotFound', 'STORE_BUCKET_MISSING'],
    [409, 'ContainerBeingDeleted', 'STORE_BUCKET_MISSING'],
    [404, 'BlobNotFound', 'STORE_NOT_FOUND'],
    [503, 'ServerBusy', 'STORE_SLOW_DOWN'],
    [500, 'InternalError', 'STORE_UNREACHABLE'],
    [400, 'InvalidResourceName', 'STORE_BAD_SETTINGS'],
    [403, 'SomethingNew', 'STORE_DENIED'],
    [418, 'Teapot', 'STORE_FAILED'],
  ] as const) {
    double.fault = () => ({ kind: 'answer', status, code: name });
    const error: unknown = await store.get('key').catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code, message: expect.stringContaining(name) as unknown });
    const text = `${JSON.stringify(error)} ${String((error as Error).stack)} ${String((error as Error).cause)}`;
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain(double.accessKey);
  }
});

test('tells wrong keys, differing clocks, a missing container and settings that cannot be used', async () => {
  const double = await newDouble();
  const want = async (changes: Partial<AzureSettings>, code: string) => {
    const put = open(double, changes).put('key', Buffer.from('x'));
    await expect(put).rejects.toMatchObject({ code });
  };
  await want({ accessKey: 'd3Jvbmc=' }, 'STORE_CREDENTIALS');
  await want({ container: 'other' }, 'STORE_BUCKET_MISSING');
  await want({ endpoint: 'http://127.0.0.1:1/x' }, 'STORE_UNREACHABLE');
  for (const missing of ['account', 'container', 'accessKey', 'endpoint']) {
    await want({ [missing]: '' }, 'STORE_BAD_SETTINGS');
  }
  double.skewMs = 3_600_000;
  await want({}, 'STORE_CLOCK_SKEW');
  expect(double.blobs.size).toBe(0);
});

test('goes through the proxy of the environment and no other', async () => {
  const double = await newDouble();
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.writeHead(404, { 'x-ms-error-code': 'BlobNotFound' }).end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const HTTP_PROXY = `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
  const ask = (NO_PROXY: string) =>
    open(
      double,
      { cloud: 'commercial', account: 'account1' },
      { environment: { HTTP_PROXY, NO_PROXY } },
    ).head('key');
  expect(await ask('')).toBeUndefined();
  expect(seen).toEqual(['http://account1.blob.core.windows.net/metrics/key']);
  await expect(ask('core.windows.net')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  expect(seen).toHaveLength(1);
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
});
