import { createHash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import { HttpHosts, pattern, sha, tenMegabytes } from './http-fixture.ts';

const hosts = new HttpHosts();

afterEach(async () => {
  for (const code of await hosts.end()) expect(code).toBe(0);
});

describe('bodies', () => {
  test('of 10 MB reach a slow handler whole, with little in between', async () => {
    const body = pattern(tenMegabytes);
    const hash = createHash('sha256');
    let consumed = 0;
    const host = await hosts.serving((request, response) => {
      void (async () => {
        for await (const chunk of request) {
          await new Promise((resolve) => setImmediate(resolve));
          hash.update(chunk as Buffer);
          consumed += (chunk as Buffer).length;
        }
        response.end(hash.digest('hex'));
      })();
    });
    const headers = { 'Content-Length': [String(body.length)] };
    const response = await host.request({ method: 'POST', headers, body });
    expect(response.body.toString()).toBe(sha(body));
    expect([consumed, response.bodyBytesSent]).toEqual([body.length, body.length]);
  });

  test('of awkward sizes come back as they went, with and without a length', async () => {
    const host = await hosts.serving((request, response) => void request.pipe(response));
    for (const size of [0, 1, 32_768, 65_535, 65_536, 65_537, 131_072, 300_001]) {
      const body = pattern(size);
      for (const headers of [{}, { 'Content-Length': [String(size)] }]) {
        const response = await host.request({ method: 'PUT', headers, body });
        expect([size, response.body.equals(body)]).toEqual([size, true]);
      }
    }
  });

  test('that nobody reads are not fetched', async () => {
    const body = pattern(tenMegabytes);
    const host = await hosts.serving(
      (_request, response) => void response.writeHead(401).end('no'),
    );
    const headers = { 'Content-Length': [String(body.length)] };
    const response = await host.request({ method: 'POST', headers, body });
    expect([response.status, response.body.toString()]).toEqual([401, 'no']);
    expect(response.bodyBytesSent).toBeLessThan(1024 * 1024);
  });

  test('that break off end the request instead of looking whole', async () => {
    let outcome = '';
    const host = await hosts.serving((request, response) => {
      request.on('error', (error) => (outcome = error.message));
      request.on('end', () => (outcome = 'whole'));
      request.on('close', () => response.destroy());
      request.resume();
    });
    const headers = { 'Content-Length': ['100000'] };
    const request = { method: 'PUT', headers, body: pattern(100_000), cutBodyAt: 99_999 };
    expect((await host.request(request)).status).toBe(500);
    expect(outcome).toBe('aborted');
    const line =
      'debug a request was not answered to its end code HTTP_NOT_ANSWERED error the request body ended 1 bytes';
    expect(host.logLines).toEqual([expect.stringContaining(line)]);
  });

  test('may come with GET', async () => {
    const host = await hosts.serving((request, response) => void request.pipe(response));
    const body = Buffer.from('question');
    const headers = { 'Content-Length': [String(body.length)] };
    expect((await host.request({ headers, body })).body.toString()).toBe('question');
  });
});

describe('a browser that goes away', () => {
  test('ends the handler and frees what it held', async () => {
    let closed: () => void = () => undefined;
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    let produced = 0;
    const host = await hosts.serving((_request, response) => {
      const endless = new Readable({
        read() {
          produced += 65_536;
          this.push(Buffer.alloc(65_536));
        },
      });
      endless.pipe(response);
      response.on('close', () => {
        endless.destroy();
        closed();
      });
    });
    const abort = new AbortController();
    let received = 0;
    await host.request(
      {
        onWrite: (bytes) => {
          received += bytes.length;
          if (received > 1_000_000) abort.abort();
        },
      },
      abort.signal,
    );
    await isClosed;
    expect(produced - received).toBeLessThan(1024 * 1024);
    // Nothing is left of the two streams: control, stdout, stderr, hooks, API and driver remain.
    expect(host.connection.session.streamCount).toBe(6);
  });
});

describe('live answers', () => {
  const steps = ['Header', 'SyncHeader', 'WriteHeader'];

  /** A handler that says something more only when the server flushes, or after a while. */
  function pausing(headers: Record<string, number> = {}) {
    let goOn: () => void = () => undefined;
    const listener: RequestListener = (_request, response) => {
      response.writeHead(200, headers).write('first');
      goOn = () => response.end('second');
    };
    const laterTurns = (count: number) => {
      if (count === 0) goOn();
      else setImmediate(() => laterTurns(count - 1));
    };
    return { listener, onWrite: (bytes: Uint8Array) => bytes.length === 5 && laterTurns(30) };
  }

  test('are flushed where the handler pauses, if the server can', async () => {
    const live = pausing();
    const host = await hosts.serving(live.listener);
    const onWrite = (bytes: Uint8Array) => void live.onWrite(bytes);
    const { calls, body } = await host.request({ canFlush: true, onWrite });
    expect(calls.lastIndexOf('Flush')).toBeGreaterThan(calls.indexOf('Write'));
    expect(calls.lastIndexOf('Flush')).toBeLessThan(calls.lastIndexOf('Write'));
    expect(body.toString()).toBe('firstsecond');
    // An older server is asked once and never again.
    const old = await hosts.serving(live.listener);
    await old.request({ onWrite });
    expect((await old.request({ canFlush: true, onWrite })).calls).toEqual([...steps, 'Write']);
  });

  test('are not flushed when their length is known', async () => {
    const live = pausing({ 'Content-Length': 11 });
    const host = await hosts.serving(live.listener);
    const onWrite = (bytes: Uint8Array) => void live.onWrite(bytes);
    const { calls } = await host.request({ canFlush: true, onWrite });
    expect(calls).toEqual([...steps, 'Write']);
  });
});
