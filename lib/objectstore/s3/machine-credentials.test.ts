import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Double } from './s3-double-fixture.ts';
import { S3Store } from './s3-store.ts';

let double: S3Double;
let directory: string;
let service: Server;
let asked: string[];
/** What the service that gives out keys says. */
let answer: (request: IncomingMessage, body: string) => { status: number; body: string };
/** Variables that only the packages read, taken back afterwards. */
const changed: string[] = [];

beforeEach(async () => {
  double = await S3Double.start();
  directory = await mkdtemp(join(tmpdir(), 'role-'));
  asked = [];
  service = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      const { status, body } = answer(request, Buffer.concat(chunks).toString());
      response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  // Keys of somebody else: the host's own client does not look at them.
  setEnvironment('AWS_ACCESS_KEY_ID', 'somebody');
  setEnvironment('AWS_SECRET_ACCESS_KEY', 'else');
});

afterEach(async () => {
  for (const name of changed.splice(0)) Reflect.deleteProperty(process.env, name);
  await double.stop();
  service.closeAllConnections();
  await new Promise((resolve) => service.close(resolve));
  await rm(directory, { recursive: true });
});

function setEnvironment(name: string, value: string): void {
  process.env[name] = value;
  changed.push(name);
}

const address = () => `http://127.0.0.1:${String((service.address() as AddressInfo).port)}`;

/** A store without keys of its own, in an environment. */
function open(environment: Record<string, string>): S3Store {
  const settings = {
    ...{ bucket: double.bucket, pathPrefix: '', region: 'us-east-1', endpoint: double.endpoint },
    ...{ isSecure: false, accessKeyId: '', secretAccessKey: '', isEncrypted: false },
    ...{ storageClass: '', partBytes: 0, idleMs: 0 },
  };
  return new S3Store(settings, { verifiesCertificates: true, environment });
}

const expiration = '2100-01-01T00:00:00Z';

function containerKeys(): string {
  const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = double;
  return JSON.stringify({ AccessKeyId, SecretAccessKey, Token: 'session', Expiration: expiration });
}

test('takes the keys that the service of the container gives', async () => {
  const environment = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${address()}/keys`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 'pass',
  };
  answer = ({ headers }) => {
    return { status: headers.authorization === 'pass' ? 200 : 403, body: containerKeys() };
  };
  const store = open(environment);
  await store.put('key', Buffer.from('x'));
  expect(await store.head('key')).toMatchObject({ sizeBytes: 1 });
  expect(asked).toEqual(['GET /keys']);
  expect(double.requests[0]?.headers['x-amz-security-token']).toBe('session');
  await store.close();
});

test('takes the keys that a web identity is worth', async () => {
  const tokenFile = join(directory, 'token');
  await writeFile(tokenFile, 'the-token');
  setEnvironment('AWS_ENDPOINT_URL_STS', address());
  const { accessKeyId, secretAccessKey } = double;
  answer = (_, body) => {
    const form = new URLSearchParams(body);
    if (form.get('WebIdentityToken') !== 'the-token') return { status: 403, body: '' };
    const keys =
      `<AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey>` +
      `<SessionToken>session</SessionToken><Expiration>${expiration}</Expiration>`;
    const result = `<AssumeRoleWithWebIdentityResult><Credentials>${keys}</Credentials></AssumeRoleWithWebIdentityResult>`;
    const text = `<AssumeRoleWithWebIdentityResponse>${result}</AssumeRoleWithWebIdentityResponse>`;
    return { status: 200, body: text };
  };
  const environment = {
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/metrics',
  };
  const store = open(environment);
  await store.put('key', Buffer.from('x'));
  expect(asked).toEqual(['POST /']);
  await store.close();
  // The role has been taken away.
  answer = () => {
    const error = '<Error><Code>ExpiredTokenException</Code><Message>hunter2</Message></Error>';
    return { status: 400, body: `<ErrorResponse>${error}</ErrorResponse>` };
  };
  const expired = open(environment);
  const failure: unknown = await expired.head('key').catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'STORE_CREDENTIALS_EXPIRED' });
  expect(String((failure as Error).stack)).not.toContain('hunter2');
  await expired.close();
  const lost = open({ ...environment, AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, 'none') });
  await expect(lost.head('key')).rejects.toMatchObject({ code: 'STORE_CREDENTIALS' });
  await lost.close();
});

test('takes the keys of the instance when nothing else is named', async () => {
  setEnvironment('AWS_EC2_METADATA_SERVICE_ENDPOINT', address());
  const keys = containerKeys().replace('{', '{"Code":"Success","Type":"AWS-HMAC",');
  answer = ({ method, url = '', headers }) => {
    if (method === 'PUT') return { status: 200, body: 'metadata-token' };
    if (headers['x-aws-ec2-metadata-token'] !== 'metadata-token') return { status: 401, body: '' };
    return { status: 200, body: url.endsWith('/') ? 'the-role' : keys };
  };
  const store = open({});
  await store.put('key', Buffer.from('x'));
  expect(asked[0]).toBe('PUT /latest/api/token');
  expect(asked.at(-1)).toMatch(/the-role$/);
  await store.close();
});

test('tells that there are no keys when the machine has no role', async () => {
  setEnvironment('AWS_EC2_METADATA_SERVICE_ENDPOINT', 'http://127.0.0.1:1');
  const store = open({});
  await expect(store.head('key')).rejects.toMatchObject({
    code: 'STORE_CREDENTIALS',
    message: expect.stringContaining('no role') as unknown,
  });
  await store.close();
});
