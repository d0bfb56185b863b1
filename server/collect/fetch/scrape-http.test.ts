import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeClock } from '../../../lib/runtime/index.ts';
import { startExporter, type Exporter, type ExporterFault } from '../../../test/host/exporter.ts';
import { BodyBuffer } from '../slots/body-buffer.ts';
import { ScrapeClient, type ScrapeRequest } from './scrape-http.ts';

let clock: FakeClock;
let client: ScrapeClient;
let exporter: Exporter;

beforeEach(async () => {
  clock = new FakeClock();
  client = new ScrapeClient({ clock, version: '0.8.0' });
  exporter = await startExporter({ profile: 'small', recordBodies: 10, trickleMs: 2 });
});

afterEach(async () => {
  client.close();
  await exporter.close();
  expect(clock.pendingTimers).toBe(0);
});

function scrape(change: Partial<ScrapeRequest> = {}) {
  const into = new BodyBuffer();
  const done = client.fetch({
    host: '127.0.0.1',
    port: exporter.port,
    path: '/metrics',
    timeoutMs: 10_000,
    bodyLimitBytes: 1024 * 1024,
    into,
    signal: new AbortController().signal,
    ...change,
  });
  return done.then(() => into.bytes());
}

async function codeOf(result: Promise<unknown>): Promise<unknown> {
  return result.then(
    () => 'no error',
    (error: unknown) => (error as { code?: unknown }).code,
  );
}

async function codeFor(fault: ExporterFault, change: Partial<ScrapeRequest> = {}) {
  await exporter.setFault(fault);
  return codeOf(scrape(change));
}

test('brings the body that was served, unpacked, with the headers of a scrape', async () => {
  const body = await scrape();
  expect(Buffer.from(body).equals(exporter.served()[0]!.body)).toBe(true);
  expect(exporter.lastHeaders).toMatchObject({
    accept:
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8,' +
      'application/openmetrics-text;version=0.0.1;q=0.75,' +
      'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,' +
      'text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'accept-encoding': 'gzip',
    'user-agent': 'mattermost-plugin-metrics/0.8.0',
    'x-prometheus-scrape-timeout-seconds': '10',
  });
});

test('leaves no unpacked output to the garbage collector', async () => {
  const text = Buffer.from('some_metric{some="label"} 1\n'.repeat(7000));
  const packed = gzipSync(text);
  const server = createServer((_request, answer) => {
    answer.setHeader('Content-Encoding', 'gzip').end(packed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const into = new BodyBuffer();
  const kept = async (): Promise<number> => {
    await scrape({ port, into });
    expect(text.equals(into.bytes())).toBe(true);
    await immediate();
    return process.memoryUsage().arrayBuffers;
  };
  // A collection of garbage that comes in between hides what was left.
  let most = 0;
  for (let at = 0, last = await kept(); at < 20; at++) {
    const now = await kept();
    most = Math.max(most, now - last);
    last = now;
  }
  client.close();
  server.close();
  expect(most).toBeLessThan(100_000);
});

test('gives every failure its code', async () => {
  const f = async (fault: ExporterFault, code: string) =>
    expect([fault, await codeFor(fault)]).toEqual([fault, code]);
  await f('404', 'SCRAPE_HTTP_404');
  await f('503', 'SCRAPE_HTTP_503');
  await f('redirect', 'SCRAPE_HTTP_302');
  await f('reset', 'SCRAPE_RESET');
  await f('not-http', 'SCRAPE_BAD_RESPONSE');
  await f('cut', 'SCRAPE_TRUNCATED');
  await f('cut-chunked', 'SCRAPE_TRUNCATED');
  await f('bad-gzip', 'SCRAPE_BAD_ENCODING');
  await f('bad-encoding', 'SCRAPE_BAD_ENCODING');
  await f('refuse', 'SCRAPE_REFUSED');
  await f('none', 'no error');
});

test('stops an endless body and a gzip bomb at the limit', async () => {
  const limit = { bodyLimitBytes: 4 * 1024 * 1024 };
  const before = process.memoryUsage().arrayBuffers;
  expect(await codeFor('huge', limit)).toBe('SCRAPE_BODY_LIMIT');
  expect(await codeFor('gzip-bomb', limit)).toBe('SCRAPE_BODY_LIMIT');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
});

test('allows a body below the limit and refuses one that reaches it', async () => {
  const { length } = await scrape();
  const [first, second] = exporter.served();
  expect(first!.body.length).toBe(length);
  expect(second).toBeUndefined();
  await exporter.setFault('noise');
  const noise = await scrape();
  expect(await codeOf(scrape({ bodyLimitBytes: noise.length + 1000 }))).toBe('no error');
  expect(await codeOf(scrape({ bodyLimitBytes: 1000 }))).toBe('SCRAPE_BODY_LIMIT');
});

test('gives up at the timeout, whether nothing comes or too little', async () => {
  for (const fault of ['hang', 'trickle'] as const) {
    await exporter.setFault(fault);
    const arrived = exporter.nextRequest();
    const code = codeOf(scrape());
    await arrived;
    await clock.advance(9999);
    await clock.advance(1);
    expect([fault, await code]).toEqual([fault, 'SCRAPE_TIMEOUT']);
  }
});

test('stops when it is told to', async () => {
  await exporter.setFault('hang');
  const stop = new AbortController();
  const arrived = exporter.nextRequest();
  const code = codeOf(scrape({ signal: stop.signal }));
  await arrived;
  stop.abort();
  expect(await code).toBe('SCRAPE_STOPPED');
  expect(await codeOf(scrape({ signal: stop.signal }))).toBe('SCRAPE_STOPPED');
});

test('goes on after the target closed a kept connection', async () => {
  await scrape();
  await exporter.setFault('refuse');
  await exporter.setFault('none');
  expect((await scrape()).length).toBeGreaterThan(1000);
});

test('gives the second try only the time that is left', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers['x-prometheus-scrape-timeout-seconds'] as string | undefined);
    if (asked.length !== 2) response.end('a 1\n');
    // The connection that was kept dies while it is being used again.
    else void clock.advance(600).then(() => request.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await scrape({ port, timeoutMs: 1000 });
    await scrape({ port, timeoutMs: 1000 });
    expect(asked).toEqual(['1', '1', '0.4']);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('cannot look up a name that does not exist', async () => {
  const code = await codeOf(scrape({ host: 'no-such-host.invalid' }));
  expect(['SCRAPE_DNS', 'SCRAPE_FAILED']).toContain(code);
});
