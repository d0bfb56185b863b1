import { expect, test } from '@jest/globals';
import { AzureStore, LocalStore, S3Store } from '../../lib/objectstore/index.ts';
import { S3Double } from '../../lib/objectstore/s3/s3-double-fixture.ts';
import { FakeClock, seededRng, silentLogger } from '../../lib/runtime/index.ts';
import type { AzureFileConfig, FileConfig, S3FileConfig } from '../mattermost/index.ts';
import { openFilePlace } from './file-place.ts';

const options = {
  workingDirectory: '/srv',
  dataDirectory: '/var/m',
  environment: {},
  isComplianceLicensed: false,
  clock: new FakeClock(),
  rng: seededRng(1),
  logger: silentLogger,
};

const s3: S3FileConfig = {
  accessKeyId: 'id',
  secretAccessKey: 'the-secret',
  bucket: 'b',
  pathPrefix: '',
  region: '',
  endpoint: 's3.amazonaws.com',
  isSecure: true,
  usesSignV2: false,
  isEncrypted: true,
  isTraced: false,
  storageClass: '',
  requestTimeoutMs: 30_000,
  uploadPartBytes: 5_242_880,
  takesAnyCertificate: false,
};

const azure: AzureFileConfig = {
  authMode: 'shared_key',
  storageAccount: 'account',
  accessKey: 'dGhlLXNlY3JldA==',
  container: 'c',
  pathPrefix: '',
  cloud: 'commercial',
  endpoint: '',
  isSecure: true,
  requestTimeoutMs: 30_000,
  takesAnyCertificate: false,
};

const container: FileConfig = { driverName: 'azureblob', directory: './data/', azure };

const bucket: FileConfig = { driverName: 'amazons3', directory: './data/', s3 };

test('is the directory of the local driver', () => {
  for (const driverName of ['local', '']) {
    const { store, problems } = openFilePlace({ driverName, directory: './data/' }, options);
    expect(store).toBeInstanceOf(LocalStore);
    expect(problems).toEqual([]);
  }
});

test('is the bucket or container, and connects to nothing yet', async () => {
  for (const [file, driver] of [
    [bucket, S3Store],
    [container, AzureStore],
    [{ ...container, azure: { ...azure, authMode: '' } }, AzureStore],
  ] as const) {
    const { store, problems, close } = openFilePlace(file, options);
    expect(store).toBeInstanceOf(driver);
    expect(problems).toEqual([]);
    await close();
  }
});

test('tells settings that give no address with the first request, not before', async () => {
  for (const file of [
    { ...bucket, s3: { ...s3, pathPrefix: '../up' } },
    { ...bucket, s3: { ...s3, endpoint: 'no host' } },
    { ...container, azure: { ...azure, container: '' } },
    { ...container, azure: { ...azure, cloud: 'custom' } },
  ]) {
    const { store, close } = openFilePlace(file, options);
    await expect(store.head('key')).rejects.toMatchObject({ code: 'STORE_BAD_SETTINGS' });
    await close();
  }
});

test('encrypts at rest only with the licence for it, and takes class and part size as they are set', async () => {
  for (const isComplianceLicensed of [false, true]) {
    const double = await S3Double.start();
    const { accessKeyId, secretAccessKey, endpoint } = double;
    const keys = { accessKeyId, secretAccessKey, endpoint, bucket: double.bucket };
    const changed = { ...s3, ...keys, isSecure: false, storageClass: 'STANDARD_IA' };
    const file = { ...bucket, s3: changed };
    const { store, close } = openFilePlace(file, { ...options, isComplianceLicensed });
    await store.put('key', new Uint8Array(1));
    const { headers } = double.requests[0]!;
    expect(headers['x-amz-server-side-encryption']).toBe(
      isComplianceLicensed ? 'AES256' : undefined,
    );
    expect(headers['x-amz-storage-class']).toBe('STANDARD_IA');
    await close();
    await double.stop();
  }
});

test('tells requests at the debug level when the settings ask for it, without what signs them', async () => {
  for (const isTraced of [false, true]) {
    const double = await S3Double.start();
    const { accessKeyId, secretAccessKey, endpoint } = double;
    const keys = { accessKeyId, secretAccessKey, endpoint, bucket: double.bucket };
    const file = { ...bucket, s3: { ...s3, ...keys, isSecure: false, isTraced } };
    const lines: unknown[] = [];
    const debug = (message: string, fields?: object) => lines.push([message, fields]);
    const { store, close } = openFilePlace(file, { ...options, logger: { debug } });
    await store.put('a key', new Uint8Array(1));
    expect(await store.head('none')).toBeUndefined();
    const line = (method: string, path: string, status: number) => [
      'Request to the file store',
      { method, path, status, ms: 0 },
    ];
    const wanted = [
      line('PUT', '/bucket/a%20key', 200),
      line('HEAD', '/bucket/a%20key', 200),
      line('HEAD', '/bucket/none', 404),
    ];
    expect(lines).toEqual(isTraced ? wanted : []);
    expect(JSON.stringify(lines)).not.toMatch(/Signature|Credential|AKID/);
    await close();
    await double.stop();
  }
});

test('is beside the store, loudly, for what cannot be used', () => {
  const signV2 = { ...bucket, s3: { ...s3, usesSignV2: true } };
  const signIn = { ...container, azure: { ...azure, authMode: 'default_credential' } };
  const cloud = { ...options, environment: { MM_CLOUD_FILESTORE_BIFROST: 'http://proxy' } };
  const places = [
    openFilePlace({ driverName: 'ftp', directory: './data/' }, options),
    openFilePlace(signV2, options),
    openFilePlace(bucket, cloud),
    openFilePlace(signIn, options),
  ];
  for (const { store, problems } of places) {
    expect(store).toBeInstanceOf(LocalStore);
    expect(problems).toMatchObject([{ code: 'FILE_STORE_UNSUPPORTED', severity: 'error' }]);
    expect(problems[0]?.message).toContain('/var/m/file-store');
    expect(JSON.stringify(problems)).not.toContain('the-secret');
  }
  const messages = places.map(({ problems }) => problems[0]?.message);
  expect(messages).toEqual([
    expect.stringContaining('"ftp"'),
    expect.stringContaining('AmazonS3SignV2'),
    expect.stringContaining('MM_CLOUD_FILESTORE_BIFROST'),
    expect.stringContaining('AzureAuthMode'),
  ]);
});
