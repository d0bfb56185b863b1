import { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import type { FakeHost } from '../fake-host-fixture.ts';
import { HttpHosts, pattern, sha, tenMegabytes } from './http-fixture.ts';
import { httpChunkBytes, maxWriteBytes } from '../limits.ts';

const hosts = new HttpHosts();

afterEach(async () => {
  for (const code of await hosts.end()) expect(code).toBe(0);
});

describe('requests', () => {
  test('pass method, path, headers and caller, without those of the connection', async () => {
    const host = await hosts.serving((request, response) => {
      const { method, url, headers, socket } = request;
      response.end(JSON.stringify({ method, url, headers, ip: socket.remoteAddress }));
    });
    const response = await host.request({
      url: '?x=1&y=%20',
      headers: {
        'Mattermost-User-Id': ['u1'],
        Accept: ['a', 'b'],
        'X-Text': ['grüße'],
        Connection: ['keep-alive, Upgrade'],
        Upgrade: ['websocket'],
        'Content-Length': ['0'],
      },
    });
    expect(JSON.parse(response.body.toString())).toEqual({
      method: 'GET',
      url: '/?x=1&y=%20',
      ip: '192.0.2.7',
      headers: {
        host: 'mattermost.example',
        'mattermost-user-id': 'u1',
        accept: 'a, b',
        'x-text': Buffer.from('grüße').toString('latin1'),
        connection: 'close',
        'content-length': '0',
      },
    });
    expect(response.calls).toEqual(['Header', 'SyncHeader', 'WriteHeader', 'Write']);
  });

  test('are read from old and new servers alike', async () => {
    const host = await hosts.serving((request, response) => void response.end(request.url));
    for (const type of ['whole', 'subset', 'whole'] as const) {
      const { status, body } = await host.request({ type, url: '/jobs?x=1' });
      expect([status, body.toString()]).toEqual([200, '/jobs?x=1']);
    }
  });

  test('leave nothing behind, however many there are', async () => {
    const host = await hosts.serving((_request, response) => void response.end('x'));
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 20 }, () => host.request({})));
    }
    // Control, stdout, stderr, hooks, API and database remain.
    expect(host.connection.session.streamCount).toBe(6);
  });

  test('reach an express application', async () => {
    const app = express();
    app.post('/jobs/:id', express.json(), (request, response) => {
      response.status(201).json({ id: request.params['id'], got: request.body as unknown });
    });
    const host = await hosts.serving(app);
    const body = Buffer.from('{"a":[1]}');
    const headers = { 'Content-Type': ['application/json'] };
    // Without a length the body comes in chunks.
    for (const more of [{}, { 'Content-Length': [String(body.length)] }]) {
      const answer = await host.request({
        method: 'POST',
        url: '/jobs/7',
        headers: { ...headers, ...more },
        body,
      });
      expect([answer.status, answer.body.toString()]).toEqual([201, '{"id":"7","got":{"a":[1]}}']);
      expect(answer.headers.get('Content-Type')).toEqual(['application/json; charset=utf-8']);
    }
    expect((await host.request({ url: '/nowhere' })).status).toBe(404);
  });

  test('run side by side', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const host = await hosts.serving((request, response) => {
      if (request.url === '/slow') void released.then(() => response.end('slow'));
      else response.end('fast');
    });
    const slow = host.request({ url: '/slow' });
    for (let at = 0; at < 20; at++) {
      expect((await host.request({ url: '/fast' })).body.toString()).toBe('fast');
    }
    release();
    expect((await slow).body.toString()).toBe('slow');
  });

  test('answer 400 to what no HTTP message can hold', async () => {
    const host = await hosts.serving((_request, response) => void response.end());
    const f = async (request: Parameters<FakeHost['request']>[0]) => {
      const { status, body } = await host.request(request);
      expect(status).toBe(400);
      expect(JSON.parse(body.toString())).toMatchObject({ code: 'HTTP_BAD_REQUEST' });
    };
    await f({ method: 'CONNECT' });
    await f({ method: 'B AD' });
    await f({ headers: { 'bad name': ['x'] } });
  });

  test('are refused with 431 when their headers are too large', async () => {
    const host = await hosts.serving((_request, response) => void response.end('ok'));
    const f = async (length: number) =>
      (await host.request({ headers: { 'X-Long': ['x'.repeat(length)] } })).status;
    expect(await f(60_000)).toBe(200);
    expect(await f(70_000)).toBe(431);
  });
});

describe('answers', () => {
  test('keep the headers of the server, replace what the plugin sets, in Go spelling', async () => {
    const host = await hosts.serving((_request, response) => {
      response.setHeader('ETag', '"1"');
      response.setHeader('x-frame-options', 'DENY');
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.end();
    });
    const hostHeaders = { 'X-Frame-Options': ['SAMEORIGIN'], 'X-Request-Id': ['r'] };
    const { headers } = await host.request({ hostHeaders });
    expect(Object.fromEntries(headers)).toEqual({
      'X-Frame-Options': ['DENY'],
      'X-Request-Id': ['r'],
      Etag: ['"1"'],
      'Set-Cookie': ['a=1', 'b=2'],
      'Content-Length': ['0'],
      Date: [expect.any(String)],
    });
  });

  test('to HEAD and 304 have headers and no body', async () => {
    const host = await hosts.serving((request, response) => {
      if (request.url === '/same') response.writeHead(304, { ETag: 'x' }).end();
      else response.writeHead(200, { 'Content-Length': '1000000' }).end(Buffer.alloc(1_000_000));
    });
    const head = await host.request({ method: 'HEAD' });
    expect(head.headers.get('Content-Length')).toEqual(['1000000']);
    expect([head.status, head.body.length, head.calls.at(-1)]).toEqual([200, 0, 'WriteHeader']);
    const same = await host.request({ url: '/same' });
    expect([same.status, same.body.length]).toEqual([304, 0]);
  });

  test('to a range are Node’s and express’ own', async () => {
    const app = express();
    app.get('/file', (_request, response) => response.sendFile(import.meta.filename));
    const host = await hosts.serving(app);
    const whole = await host.request({ url: '/file' });
    const part = await host.request({ url: '/file', headers: { Range: ['bytes=10-29'] } });
    expect([part.status, part.headers.get('Content-Length')]).toEqual([206, ['20']]);
    expect(part.body.equals(whole.body.subarray(10, 30))).toBe(true);
    expect(part.headers.get('Content-Range')).toEqual([`bytes 10-29/${String(whole.body.length)}`]);
  });

  test('of 10 MB pass a slow reader whole, with little in between', async () => {
    const body = pattern(tenMegabytes);
    let produced = 0;
    let consumed = 0;
    let mostBetween = 0;
    const host = await hosts.serving((_request, response) => {
      response.setHeader('Content-Length', String(body.length));
      const source = Readable.from(
        (function* () {
          for (let at = 0; at < body.length; at += 16_384) {
            produced = at + 16_384;
            mostBetween = Math.max(mostBetween, produced - consumed);
            yield body.subarray(at, at + 16_384);
          }
        })(),
      );
      source.pipe(response);
    });
    let largest = 0;
    const response = await host.request({
      onWrite: async (bytes) => {
        largest = Math.max(largest, bytes.length);
        await new Promise((resolve) => setImmediate(resolve));
        consumed += bytes.length;
      },
    });
    expect(sha(response.body)).toBe(sha(body));
    expect(largest).toBeLessThanOrEqual(httpChunkBytes);
    expect(mostBetween).toBeLessThan(1024 * 1024);
  });

  test('of one large buffer are cut into chunks', async () => {
    const body = pattern(1_000_000);
    const host = await hosts.serving((_request, response) => void response.end(body));
    const sizes: number[] = [];
    const response = await host.request({ onWrite: (bytes) => void sizes.push(bytes.length) });
    expect(sha(response.body)).toBe(sha(body));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(maxWriteBytes);
  });

  test('that fail before their head are a 500, and after it break the connection', async () => {
    const host = await hosts.serving((request, response) => {
      if (request.url === '/throws') throw new Error('handler bug');
      if (request.url === '/half') {
        response.write('half');
        setImmediate(() => response.destroy());
      } else response.destroy();
    });
    for (const url of ['/', '/throws']) {
      const response = await host.request({ url });
      expect([response.status, response.body.toString()]).toEqual([
        500,
        expect.stringContaining('HTTP_FAILED'),
      ]);
    }
    const half = await host.request({ url: '/half', canHijack: true });
    expect(half.calls.slice(-2)).toEqual(['HijackResponse', 'HjConnClose']);
    await expect(host.request({ url: '/half' })).rejects.toMatchObject({ code: 'RPC_REMOTE' });
  });

  test('go 503 above the limit of requests at once', async () => {
    const waiting: (() => void)[] = [];
    const host = await hosts.serving((_request, response) => {
      waiting.push(() => response.end('ok'));
    });
    const all = Array.from({ length: 130 }, () => host.request({}));
    while (waiting.length < 128) await new Promise((resolve) => setImmediate(resolve));
    const refused = await Promise.race(all);
    expect([refused.status, refused.body.toString()]).toEqual([
      503,
      expect.stringContaining('HTTP_BUSY'),
    ]);
    for (const answer of waiting) answer();
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 503)).toHaveLength(2);
  });
});
