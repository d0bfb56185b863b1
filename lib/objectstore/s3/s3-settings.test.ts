import { expect, test } from '@jest/globals';
import { isHostOfEndpoint, s3PlaceOf, type S3Settings } from './s3-settings.ts';

const place = (changes: Partial<S3Settings>) =>
  s3PlaceOf({
    bucket: 'chat',
    pathPrefix: '',
    region: '',
    endpoint: '',
    isSecure: true,
    accessKeyId: '',
    secretAccessKey: '',
    isEncrypted: false,
    storageClass: '',
    partBytes: 0,
    idleMs: 0,
    ...changes,
  });

test('leaves the hosts of Amazon to the client and learns the region from them', () => {
  const amazon = { endpoint: undefined, isPathStyle: false };
  expect(place({})).toMatchObject({
    ...amazon,
    region: 'us-east-1',
    host: 'chat.s3.amazonaws.com',
  });
  expect(place({ endpoint: 's3.amazonaws.com', region: 'eu-west-1' })).toMatchObject({
    ...amazon,
    region: 'eu-west-1',
  });
  for (const endpoint of ['s3.ap-south-1.amazonaws.com', 's3-ap-south-1.amazonaws.com']) {
    expect(place({ endpoint })).toMatchObject({ ...amazon, region: 'ap-south-1' });
  }
  expect(place({ endpoint: 's3.cn-north-1.amazonaws.com.cn' })).toMatchObject({
    ...amazon,
    region: 'cn-north-1',
  });
});

test('keeps endpoints of Amazon that name more than a region', () => {
  const endpoint = 's3-fips.us-gov-west-1.amazonaws.com';
  expect(place({ endpoint, region: 'us-gov-west-1' })).toMatchObject({
    endpoint: `https://${endpoint}`,
    isPathStyle: false,
  });
});

test('has buckets in the path unless the store is known for host names', () => {
  expect(place({ endpoint: 'minio:9000', isSecure: false })).toEqual({
    region: 'us-east-1',
    endpoint: 'http://minio:9000',
    isPathStyle: true,
    host: 'minio',
    port: 9000,
  });
  expect(place({ endpoint: 'storage.googleapis.com' }).isPathStyle).toBe(false);
  expect(place({ endpoint: 'oss-cn-beijing.aliyuncs.com' }).isPathStyle).toBe(false);
  expect(place({ bucket: 'with.dots' }).isPathStyle).toBe(true);
  expect(place({ endpoint: 'evil-amazonaws.com' }).isPathStyle).toBe(true);
});

test('takes a host with or without a port, also an IPv6 one, and nothing else', () => {
  for (const endpoint of [
    'minio',
    'minio:9000',
    'minio/',
    '[::1]:9000',
    '10.1.2.3',
    's3.example',
  ]) {
    expect([endpoint, isHostOfEndpoint(endpoint)]).toEqual([endpoint, true]);
    const { host, endpoint: address } = place({ endpoint });
    expect(address).toBe(`https://${endpoint.replace('/', '')}`);
    expect(host).toBe(endpoint.replace(/\/$|:9000$/, ''));
  }
  for (const endpoint of [
    'https://minio',
    'minio/bucket',
    'no host',
    'u@minio',
    'minio?x',
    'a:b:c',
  ]) {
    expect([endpoint, isHostOfEndpoint(endpoint)]).toEqual([endpoint, false]);
  }
});
