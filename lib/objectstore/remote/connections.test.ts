import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, get as getPlain, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer, get as getSecure } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testNeeding } from '../../../test/programs.ts';
import { openConnections, type ConnectionOptions } from './connections.ts';

let proxy: Server;
/** What the proxy was asked for, and as whom. */
let asked: string[];
/** Where its tunnels lead, whatever host is named. */
let tunnelPort: number;

beforeEach(async () => {
  asked = [];
  proxy = createServer((request, response) => {
    note(request);
    response.end('from the proxy');
  });
  proxy.on('connect', (request: IncomingMessage, socket) => {
    note(request);
    const onward = connect(tunnelPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await listen(proxy);
});

afterEach(async () => {
  await end(proxy);
});

function note({ method, url, headers }: IncomingMessage): void {
  const who = Buffer.from((headers['proxy-authorization'] ?? '').slice('Basic '.length), 'base64');
  asked.push(`${method ?? ''} ${url ?? ''} ${who.toString()}`.trim());
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function end(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** The body of an answer, or the code of the error. */
function fetchText(
  url: string,
  environment: Record<string, string>,
  changes: Partial<ConnectionOptions> = {},
): Promise<string> {
  const { hostname: host, port, protocol } = new URL(url);
  const options = { idleMs: 2_000, verifiesCertificates: false, environment, ...changes };
  const connections = openConnections({ host, port: Number(port) }, options);
  return new Promise<string>((resolve) => {
    const onAnswer = (response: IncomingMessage) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        resolve(text);
      });
    };
    const isSecure = protocol === 'https:';
    const request = isSecure
      ? getSecure(url, { agent: connections.https }, onAnswer)
      : getPlain(url, { agent: connections.http }, onAnswer);
    request.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? 'unnamed');
    });
  }).finally(() => {
    connections.close();
  });
}

const proxyHost = () => `127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;

test('asks the proxy that the environment names, by either spelling, with or without a scheme', async () => {
  for (const environment of [
    { HTTP_PROXY: `http://${proxyHost()}` },
    { http_proxy: `http://${proxyHost()}` },
    { HTTP_PROXY: '', http_proxy: proxyHost() },
    { HTTP_PROXY: proxyHost(), HTTPS_PROXY: 'http://127.0.0.1:1' },
  ]) {
    expect(await fetchText('http://store.invalid:9000/key', environment)).toBe('from the proxy');
  }
  expect(asked).toEqual(Array(4).fill('GET http://store.invalid:9000/key'));
  const signedIn = { HTTP_PROXY: `http://me:pass@${proxyHost()}` };
  await fetchText('http://store.invalid:9000/key', signedIn);
  expect(asked.at(-1)).toBe('GET http://store.invalid:9000/key me:pass');
});

test('does not ask it for hosts that are excepted', async () => {
  const HTTP_PROXY = `http://${proxyHost()}`;
  for (const NO_PROXY of ['store.invalid', 'invalid', '*', 'store.invalid:9000']) {
    const text = await fetchText('http://store.invalid:9000/key', { HTTP_PROXY, NO_PROXY });
    expect(text).toMatch(/ENOTFOUND|EAI_AGAIN/);
  }
  expect(asked).toEqual([]);
  const NO_PROXY = 'store.invalid:9001';
  await fetchText('http://store.invalid:9000/key', { HTTP_PROXY, NO_PROXY });
  expect(asked).toHaveLength(1);
});

test('refuses a proxy of another kind, without telling its address', () => {
  for (const HTTPS_PROXY of ['socks5://me:pass@proxy:1080', 'http://', '::::']) {
    const open = () =>
      openConnections(
        { host: 'store.invalid', port: 443 },
        { idleMs: 1, verifiesCertificates: true, environment: { HTTPS_PROXY } },
      );
    expect(open).toThrow(expect.objectContaining({ code: 'STORE_BAD_SETTINGS' }));
    expect(open).not.toThrow(/pass/);
  }
});

testNeeding({ programs: ['openssl'] })(
  'goes through a tunnel to what is encrypted, and judges the certificate behind it',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tunnel-'));
    const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
    const shape = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const subject = ['-subj', '/CN=store.invalid', ...shape];
    const command = ['req', '-x509', '-nodes', '-keyout', key, '-out', cert, ...subject];
    execFileSync('openssl', command, { stdio: 'ignore' });
    const tls = { key: await readFile(key), cert: await readFile(cert) };
    await rm(directory, { recursive: true });
    const server = createTlsServer(tls, (_, response) => response.end('from the store'));
    tunnelPort = await listen(server);
    const environment = { HTTPS_PROXY: `http://me:pass@${proxyHost()}` };
    const url = 'https://store.invalid:9443/key';
    expect(await fetchText(url, environment)).toBe('from the store');
    const verified = await fetchText(url, environment, { verifiesCertificates: true });
    expect(verified).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(asked).toEqual(Array(2).fill('CONNECT store.invalid:9443 me:pass'));
    await end(server);
  },
);
