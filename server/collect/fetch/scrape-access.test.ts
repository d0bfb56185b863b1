import { execFileSync } from 'node:child_process';
import type { LookupAddress } from 'node:dns';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { FakeClock } from '../../../lib/runtime/index.ts';
import { testNeeding } from '../../../test/programs.ts';
import { isForbiddenAddress } from '../../settings/index.ts';
import { BodyBuffer } from '../slots/body-buffer.ts';
import { ScrapeClient, type ScrapeRequest } from './scrape-http.ts';

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const metrics: RequestListener = (_request, response) => {
  response.setHeader('Content-Type', 'text/plain; version=0.0.4').end('a 1\n');
};

/** One scrape; names are looked up in `names`. Resolves with the body, or the error's code. */
async function scrape(
  change: Partial<ScrapeRequest> & { port: number },
  names: Record<string, LookupAddress[]> = {},
): Promise<unknown> {
  const resolveName = (host: string) => Promise.resolve(names[host] ?? []);
  const client = new ScrapeClient({ clock: new FakeClock(), version: '1.0.0', resolveName });
  const into = new BodyBuffer();
  const request = {
    ...{ host: '127.0.0.1', path: '/metrics', timeoutMs: 5000, bodyLimitBytes: 1000, into },
    ...{ signal: new AbortController().signal, ...change },
  };
  try {
    await client.fetch(request);
    return Buffer.from(into.bytes()).toString();
  } catch (error) {
    return (error as { code: unknown }).code;
  } finally {
    client.close();
  }
}

test('connects to no address that must not be asked, however it is written', async () => {
  const f = (address: string, want = true) =>
    expect([address, isForbiddenAddress(address)]).toEqual([address, want]);
  f('169.254.169.254');
  f('169.254.170.2');
  f('100.100.100.200');
  f('::ffff:169.254.169.254');
  f('::ffff:a9fe:a9fe');
  f('0:0:0:0:0:FFFF:A9FE:A9FE');
  f('::169.254.169.254');
  f('64:ff9b::169.254.169.254');
  f('2002:a9fe:a9fe::1');
  f('fd00:ec2::254');
  f('fd00:0ec2:0:0:0:0:0:0254');
  f('fe80::1');
  f('fe80::1%eth0');
  f('0.0.0.0');
  f('::');
  f('10.0.0.1', false);
  f('127.0.0.1', false);
  f('::1', false);
  f('fd00:ec2::253', false);
  f('mm1', false);
  const port = await listen(createServer(metrics));
  expect(await scrape({ host: '169.254.169.254', port })).toBe('SCRAPE_FORBIDDEN');
  expect(await scrape({ host: 'fd00:ec2::254', port })).toBe('SCRAPE_FORBIDDEN');
});

test('connects to the address that was checked, whatever the name says later', async () => {
  const port = await listen(createServer(metrics));
  const bad = { address: '169.254.169.254', family: 4 };
  const good = { address: '127.0.0.1', family: 4 };
  expect(await scrape({ host: 'evil', port }, { evil: [bad] })).toBe('SCRAPE_FORBIDDEN');
  expect(await scrape({ host: 'both', port }, { both: [bad, good] })).toBe('a 1\n');
  expect(await scrape({ host: 'none', port })).toBe('SCRAPE_DNS');
});

test('follows no redirect and takes nothing that does not say that it is metrics', async () => {
  const answers: Record<string, RequestListener> = {
    '/away': (_request, response) => response.writeHead(302, { Location: '/metrics' }).end(),
    '/page': (_request, response) =>
      response.setHeader('Content-Type', 'text/html').end('<p>secret'),
    '/plain': (_request, response) =>
      response.setHeader('Content-Type', 'text/plainer').end('a 1\n'),
    '/untyped': (_request, response) => response.end('a 1\n'),
    '/metrics': metrics,
  };
  const port = await listen(
    createServer((request, response) => answers[request.url ?? '']?.(request, response)),
  );
  expect(await scrape({ port, path: '/away' })).toBe('SCRAPE_HTTP_302');
  expect(await scrape({ port, path: '/page', mustBeText: true })).toBe('SCRAPE_CONTENT_TYPE');
  expect(await scrape({ port, path: '/plain', mustBeText: true })).toBe('SCRAPE_CONTENT_TYPE');
  expect(await scrape({ port, path: '/untyped', mustBeText: true })).toBe('SCRAPE_CONTENT_TYPE');
  expect(await scrape({ port, mustBeText: true })).toBe('a 1\n');
  expect(await scrape({ port, path: '/untyped' })).toBe('a 1\n');
});

test('says who it is and whom it asks', async () => {
  const seen: (string | undefined)[] = [];
  const port = await listen(
    createServer((request, response) => {
      seen.push(request.headers.authorization, request.headers.host);
      metrics(request, response);
    }),
  );
  await scrape({ port, serverName: 'rtcd.example', access: { authorization: 'Bearer t' } });
  await scrape({ port });
  expect(seen).toEqual([
    ...['Bearer t', `rtcd.example:${String(port)}`],
    ...[undefined, `127.0.0.1:${String(port)}`],
  ]);
});

const certificateTest = testNeeding({ programs: ['openssl'] });

certificateTest('speaks TLS with what it was told to trust, by name', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'certificate-'));
  const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const name = ['-subj', '/CN=x', '-addext', 'subjectAltName=DNS:rtcd.example'];
  const command = ['req', '-x509', '-nodes', '-keyout', key, '-out', cert, ...name, ...curve];
  execFileSync('openssl', command, { stdio: 'ignore' });
  const ca = await readFile(cert, 'utf8');
  const port = await listen(createTlsServer({ key: await readFile(key), cert: ca }, metrics));
  await rm(directory, { recursive: true });
  const f = (change: Partial<ScrapeRequest>) => scrape({ port, scheme: 'https', ...change });
  expect(await f({ serverName: 'rtcd.example', access: { ca } })).toBe('a 1\n');
  expect(await f({ serverName: 'rtcd.example' })).toBe('SCRAPE_TLS');
  expect(await f({ serverName: 'other.example', access: { ca } })).toBe('SCRAPE_TLS');
  expect(await f({ access: { ca } })).toBe('SCRAPE_TLS');
  const plain = await listen(createServer(metrics));
  expect(await scrape({ port: plain, scheme: 'https' })).toBe('SCRAPE_TLS');
});
