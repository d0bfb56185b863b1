import { afterEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testNeeding } from '../../../test/programs.ts';
import { seededRng, systemClock, type Clock } from '../../runtime/index.ts';
import { describeObjectStore, keysOf } from '../conformance-fixture.ts';
import { minPartBytes } from '../limits.ts';
import { readObject } from '../read-object.ts';
import { S3Double, type S3Fault, type S3Request } from './s3-double-fixture.ts';
import type { S3Settings } from './s3-settings.ts';
import type { RemoteSurroundings } from '../remote/surroundings.ts';
import { S3Store } from './s3-store.ts';

const doubles: S3Double[] = [];
const stores: S3Store[] = [];

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const double of doubles.splice(0)) await double.stop();
});

async function newDouble(region?: string): Promise<S3Double> {
  const double = await S3Double.start(region);
  doubles.push(double);
  return double;
}

/** Pauses take no time and are noted. */
function instantClock(): Clock & { pausesMs: number[] } {
  const pausesMs: number[] = [];
  return {
    ...systemClock,
    pausesMs,
    setTimer(delayMs, run) {
      pausesMs.push(delayMs);
      return systemClock.setTimer(0, run);
    },
  };
}

function open(
  double: S3Double,
  changes: Partial<S3Settings> = {},
  clock = instantClock(),
  surrounding: Partial<RemoteSurroundings> = {},
): S3Store {
  const settings: S3Settings = {
    bucket: double.bucket,
    pathPrefix: '',
    region: '',
    endpoint: double.endpoint,
    isSecure: false,
    accessKeyId: double.accessKeyId,
    secretAccessKey: double.secretAccessKey,
    isEncrypted: false,
    storageClass: '',
    partBytes: 0,
    idleMs: 0,
    ...changes,
  };
  const surroundings = { verifiesCertificates: true, environment: {}, rng: seededRng(1) };
  const store = new S3Store(settings, { ...surroundings, clock, ...surrounding });
  stores.push(store);
  return store;
}

/** The first `count` requests of an operation meet the fault. */
function failing(operation: string, count: number, fault: S3Fault) {
  let left = count;
  return (request: S3Request) =>
    request.operation === operation && left-- > 0 ? fault : undefined;
}

function busy(operation: string, count: number) {
  return failing(operation, count, { kind: 'answer', status: 503, code: 'SlowDown' });
}

describeObjectStore('s3', async () => open(await newDouble(), { pathPrefix: 'a dir//below/' }));

test('names objects below the prefix as the host does', async () => {
  for (const [pathPrefix, name] of [
    ['', 'd/key'],
    ['a', 'a/d/key'],
    ['/a/', '/a/d/key'],
    ['a b', 'a b/d/key'],
    ['ä/日本', 'ä/日本/d/key'],
    ['a+b%20c&d', 'a+b%20c&d/d/key'],
    ['a//b/', 'a/b/d/key'],
    ['/a', '/a/d/key'],
    ['./a/../b', 'b/d/key'],
  ] as const) {
    const double = await newDouble();
    const store = open(double, { pathPrefix });
    await store.put('d/key', Buffer.from('x'));
    expect([...double.objects.keys()]).toEqual([name]);
    double.objects.set('foreign', double.objects.get(name)!);
    if (pathPrefix !== '') expect(await keysOf(store, '')).toEqual(['d/key']);
  }
});

test('passes over names that no key can have', async () => {
  const double = await newDouble();
  const store = open(double);
  await store.put('key', Buffer.from('x'));
  for (const name of ['dir/', 'a//b', '../up', 'x.tmp-1']) {
    double.objects.set(name, double.objects.get('key')!);
  }
  expect(await keysOf(store, '')).toEqual(['key']);
});

test('sends large bodies in parts, and the last tells the rest', async () => {
  const double = await newDouble();
  const store = open(double, { isEncrypted: true, storageClass: 'STANDARD_IA' });
  const bytes = Buffer.alloc(2 * minPartBytes + 1, 7);
  double.fault = busy('UploadPart', 2);
  const head = await store.put('large', bytes, { sizeBytes: bytes.length });
  expect(head.sizeBytes).toBe(bytes.length);
  expect(Buffer.compare(await readObject(store, 'large', { limitBytes: Infinity }), bytes)).toBe(0);
  expect(double.uploads.size).toBe(0);
  const start = double.requests.find(({ operation }) => operation === 'CreateMultipartUpload');
  expect(start?.headers).toMatchObject({
    'x-amz-server-side-encryption': 'AES256',
    'x-amz-storage-class': 'STANDARD_IA',
    'content-type': 'binary/octet-stream',
  });
  await store.put('exact', Buffer.alloc(minPartBytes, 1));
  expect(double.requests.at(-2)?.operation).toBe('PutObject');
});

test('makes parts of the configured size, within what a part may have', async () => {
  const mib = 1024 * 1024;
  for (const [partBytes, sizes] of [
    [6 * mib, [6 * mib, mib]],
    [0, [5 * mib, mib]],
    [1024 * mib, [16 * mib, mib]],
  ] as const) {
    const double = await newDouble();
    const body = Buffer.alloc(sizes[0] + sizes[1]);
    await open(double, { partBytes }).put('large', body, { sizeBytes: body.length });
    const parts = double.requests.filter(({ operation }) => operation === 'UploadPart');
    expect(parts.map(({ headers }) => Number(headers['content-length']))).toEqual(sizes);
  }
});

test('does not take a lost answer for a failed upload, nor an older object for its own', async () => {
  const double = await newDouble();
  const store = open(double);
  const body = Buffer.alloc(minPartBytes + 7, 3);
  double.fault = failing('CompleteMultipartUpload', 1, { kind: 'loss' });
  const head = await store.put('large', body, { sizeBytes: body.length });
  expect(head).toMatchObject({ sizeBytes: body.length, etag: expect.stringMatching(/-2"$/) });
  expect(Buffer.compare(double.objects.get('large')!.bytes, body)).toBe(0);
  // The upload vanished without having been completed, over an object of the same size.
  double.fault = ({ operation }) => {
    if (operation === 'CompleteMultipartUpload') double.uploads.clear();
    return undefined;
  };
  const other = Buffer.alloc(body.length, 4);
  const put = store.put('large', other, { sizeBytes: other.length });
  await expect(put).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  expect(Buffer.compare(double.objects.get('large')!.bytes, body)).toBe(0);
});

test('leaves no parts behind when an upload fails', async () => {
  const double = await newDouble();
  const store = open(double);
  double.fault = failing('UploadPart', 99, { kind: 'answer', status: 403, code: 'AccessDenied' });
  const put = store.put('large', Buffer.alloc(2 * minPartBytes));
  await expect(put).rejects.toMatchObject({ code: 'STORE_DENIED', key: 'large' });
  expect([double.uploads.size, double.objects.size]).toEqual([0, 0]);
  async function* broken() {
    yield await Promise.resolve(Buffer.alloc(2 * minPartBytes));
    throw new Error('the source failed');
  }
  double.fault = () => undefined;
  await expect(store.put('large', broken())).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect([double.uploads.size, double.objects.size]).toEqual([0, 0]);
});

test('tries again with the same bytes, five times, with growing pauses', async () => {
  const double = await newDouble();
  const clock = instantClock();
  const store = open(double, {}, clock);
  double.fault = busy('PutObject', 4);
  await store.put('key', Buffer.from('some bytes'));
  expect(double.objects.get('key')?.bytes.toString()).toBe('some bytes');
  expect(clock.pausesMs).toHaveLength(4);
  for (const [at, pauseMs] of clock.pausesMs.entries()) {
    expect(pauseMs).toBeGreaterThanOrEqual(250 * 2 ** at);
    expect(pauseMs).toBeLessThanOrEqual(500 * 2 ** at);
  }
  double.fault = busy('PutObject', 5);
  const put = store.put('key', Buffer.from('other'));
  await expect(put).rejects.toMatchObject({ code: 'STORE_SLOW_DOWN' });
  expect(double.objects.get('key')?.bytes.toString()).toBe('some bytes');
});

test('survives connections that break at any request', async () => {
  for (const operation of ['PutObject', 'HeadObject', 'ListObjectsV2', 'DeleteObject']) {
    const double = await newDouble();
    const store = open(double);
    double.fault = failing(operation, 2, { kind: 'reset' });
    await store.check('a/check');
    expect(await keysOf(store, '')).toEqual([]);
  }
});

test('reads on where a connection broke or fell silent', async () => {
  const double = await newDouble();
  const store = open(double, { idleMs: 50 });
  const bytes = Buffer.from(seededRng(5).bytes(300_000));
  await store.put('key', bytes);
  for (const kind of ['reset', 'silence'] as const) {
    let count = 0;
    double.fault = ({ operation }) =>
      operation === 'GetObject' && count++ < 4 ? { kind, afterBytes: 50_000 } : undefined;
    double.requests.length = 0;
    expect(Buffer.compare(await readObject(store, 'key'), bytes)).toBe(0);
    expect(double.requests.map(({ range }) => range).slice(0, 3)).toEqual([
      undefined,
      'bytes=50000-299999',
      'bytes=100000-299999',
    ]);
  }
});

test('ends in an error when nothing more comes, or when the object is another one', async () => {
  const double = await newDouble();
  const store = open(double);
  await store.put('key', Buffer.alloc(200_000));
  double.fault = failing('GetObject', 99, { kind: 'reset', afterBytes: 0 });
  await expect(readObject(store, 'key')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  double.fault = failing('GetObject', 1, { kind: 'reset', afterBytes: 10 });
  const { body } = await store.get('key');
  double.objects.set('key', { bytes: Buffer.alloc(200_000), etag: '"other"', modifiedMs: 0 });
  await expect(body.toArray()).rejects.toMatchObject({ code: 'STORE_TRUNCATED' });
});

test('gives up a request to which no answer comes', async () => {
  const double = await newDouble();
  const store = open(double, { idleMs: 30 });
  double.fault = () => ({ kind: 'silence' });
  await expect(store.head('key')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  expect(double.requests).toHaveLength(5);
});

test('names what the store refuses, without its secrets', async () => {
  const cases: [number, string, string][] = [
    [403, 'AccessDenied', 'STORE_DENIED'],
    [403, 'SignatureDoesNotMatch', 'STORE_CREDENTIALS'],
    [403, 'InvalidAccessKeyId', 'STORE_CREDENTIALS'],
    [400, 'ExpiredToken', 'STORE_CREDENTIALS_EXPIRED'],
    [404, 'NoSuchBucket', 'STORE_BUCKET_MISSING'],
    [403, 'RequestTimeTooSkewed', 'STORE_CLOCK_SKEW'],
    [507, 'QuotaExceeded', 'STORE_FULL'],
    [500, 'InternalError', 'STORE_UNREACHABLE'],
    [503, 'SlowDown', 'STORE_SLOW_DOWN'],
    [418, 'Teapot', 'STORE_FAILED'],
  ];
  const double = await newDouble();
  const store = open(double);
  for (const [status, name, code] of cases) {
    double.fault = () => ({ kind: 'answer', status, code: name });
    const error: unknown = await store.get('key').catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code, message: expect.stringContaining(name) as unknown });
    const text = `${JSON.stringify(error)} ${String((error as Error).stack)} ${String((error as Error).cause)}`;
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain(double.secretAccessKey);
    expect(text).not.toContain(double.accessKeyId);
  }
});

test('tells wrong keys, a missing bucket and a wrong region', async () => {
  const double = await newDouble();
  const want = async (changes: Partial<S3Settings>, code: string) => {
    const put = open(double, changes).put('key', Buffer.from('x'));
    await expect(put).rejects.toMatchObject({ code });
  };
  await want({ secretAccessKey: 'wrong' }, 'STORE_CREDENTIALS');
  await want({ accessKeyId: 'wrong' }, 'STORE_CREDENTIALS');
  await want({ bucket: 'other' }, 'STORE_BUCKET_MISSING');
  await want({ region: 'eu-west-1' }, 'STORE_BAD_SETTINGS');
  await want({ bucket: '' }, 'STORE_BAD_SETTINGS');
  await want({ secretAccessKey: '' }, 'STORE_BAD_SETTINGS');
  await want({ endpoint: 'not a host' }, 'STORE_BAD_SETTINGS');
  await want({ endpoint: '127.0.0.1:1' }, 'STORE_UNREACHABLE');
  expect(double.objects.size).toBe(0);
});

test('adopts the time of a store whose clock is off', async () => {
  const double = await newDouble();
  double.skewMs = 3_600_000;
  const store = open(double);
  await store.put('key', Buffer.from('x'));
  expect(double.requests.filter(({ operation }) => operation === 'PutObject')).toHaveLength(2);
});

const certificateTest = testNeeding({ programs: ['openssl'] });

certificateTest('takes a certificate only when it is trusted or nobody asks', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'certificate-'));
  const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
  const subject = [
    '-subj',
    '/CN=127.0.0.1',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
  ];
  const command = ['req', '-x509', '-nodes', '-keyout', key, '-out', cert, ...subject];
  execFileSync('openssl', command, { stdio: 'ignore' });
  const options = { key: await readFile(key), cert: await readFile(cert) };
  await rm(directory, { recursive: true });
  const server = createServer(options, (_, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const changes = { endpoint, isSecure: true };
  const double = await newDouble();
  await expect(open(double, changes).head('key')).rejects.toMatchObject({
    code: 'STORE_CERTIFICATE',
  });
  const trusting = open(double, changes, instantClock(), { verifiesCertificates: false });
  expect(await trusting.head('key')).toBeUndefined();
  await trusting.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('goes through the proxy of the environment unless the host is excepted', async () => {
  const double = await newDouble();
  const seen: string[] = [];
  const proxy = createHttpServer((request, response) => {
    seen.push(request.url ?? '');
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const HTTP_PROXY = `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
  const ask = (NO_PROXY: string) =>
    open(double, { endpoint: 'store.invalid:9000' }, instantClock(), {
      environment: { HTTP_PROXY, NO_PROXY },
    }).head('key');
  expect(await ask('')).toBeUndefined();
  expect(seen).toEqual(['http://store.invalid:9000/bucket/key']);
  await expect(ask('other,invalid')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  expect(seen).toHaveLength(1);
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
});
