import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../api/index.ts';
import { keysOf } from '../../lib/objectstore/conformance-fixture.ts';
import { readObject, type ObjectStore } from '../../lib/objectstore/index.ts';
import { expectWhole, hourMs, startMs, SyncProcess, type FaultBed } from './fault-bed.ts';
import type { ProxyFault } from './fault-proxy.ts';
import type { RemoteServer } from './objectstore-servers.ts';

export function describeReads(server: RemoteServer, bed: () => FaultBed): void {
  test('an answer that ends early is read on, or is an error, never short', async () => {
    const proxy = await bed().proxyBefore(server);
    const prefix = bed().newPrefix('reads');
    const store = bed().openStore(server, prefix, { endpoint: proxy.endpoint });
    const bytes = await readFile(join(bed().large.dir, 'chunks/000001'));
    await store.put('object', bytes);
    const read = () => readObject(store, 'object', { limitBytes: Infinity });
    for (const afterBytes of [0, 1, 65_536, bytes.length / 2, bytes.length - 1]) {
      let left = 3;
      proxy.fault = ({ method }) =>
        method === 'GET' && left-- > 0 ? { kind: 'truncate', afterBytes } : undefined;
      expect(Buffer.compare(await read(), bytes)).toBe(0);
    }
    proxy.fault = ({ method }) =>
      method === 'GET' ? { kind: 'truncate', afterBytes: 0 } : undefined;
    await expect(read()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    let isFirst = true;
    proxy.fault = ({ method }) => {
      if (method !== 'GET' || !isFirst) return undefined;
      isFirst = false;
      return { kind: 'truncate', afterBytes: 100_000 };
    };
    const { body } = await store.get('object');
    // Somebody replaces it while it is read.
    await bed().openStore(server, prefix).put('object', new Uint8Array(200_000));
    await expect(body.toArray()).rejects.toMatchObject({ code: 'STORE_TRUNCATED' });
  });

  test('a listing that ends early is asked for again', async () => {
    const proxy = await bed().proxyBefore(server);
    const store = bed().openStore(server, bed().newPrefix('lists'), { endpoint: proxy.endpoint });
    const keys = Array.from({ length: 20 }, (_, at) => `d/key-${String(at).padStart(2, '0')}`);
    for (const key of keys) await store.put(key, new Uint8Array(1));
    for (const afterBytes of [0, 100, 400]) {
      let left = 2;
      proxy.fault = () => (left-- > 0 ? { kind: 'truncate', afterBytes } : undefined);
      expect(await keysOf(store, '')).toEqual(keys);
    }
  });
}

export function describeRefusals(server: RemoteServer, bed: () => FaultBed): void {
  const isS3 = server.name === 'versitygw';
  /** An answer as the real service gives it. */
  const refusal = (status: number, code: string, date = new Date(startMs)): ProxyFault => ({
    kind: 'answer',
    status,
    headers: {
      date: date.toUTCString(),
      'content-type': 'application/xml',
      ...(isS3 ? {} : { 'x-ms-error-code': code }),
    },
    body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>hunter2</Message></Error>`,
  });

  /** A pass that meets the trouble is told with its code and an advice, and loses nothing. */
  async function expectTrouble(store: ObjectStore, code: string, heal?: () => void): Promise<void> {
    const running = new SyncProcess(store, [bed().small]);
    expect(await running.pass()).toMatchObject({ code });
    expect(running.sync.status()).toMatchObject({ pendingBlocks: 1, lastError: { code } });
    const [problem] = running.sync.problems() as [Problem];
    expect(problem).toMatchObject({ code: 'SYNC_FAILED', severity: 'warning' });
    expect(problem.message).toContain(code);
    expect(problem.advice).toMatch(/^The |^A /);
    expect(running.logged).toEqual([code]);
    const told = JSON.stringify([running.sync.status(), running.sync.problems()]);
    expect(told).not.toContain('hunter2');
    if (heal !== undefined) {
      heal();
      expect(await running.pass()).toBeUndefined();
      expect(running.sync.problems()).toEqual([]);
      await running.end();
      await expectWhole(store, bed().small);
    } else await running.end();
  }

  const refusals: readonly [number, string, string][] = isS3
    ? [
        [403, 'AccessDenied', 'STORE_DENIED'],
        [400, 'ExpiredToken', 'STORE_CREDENTIALS_EXPIRED'],
        [403, 'RequestTimeTooSkewed', 'STORE_CLOCK_SKEW'],
        [503, 'SlowDown', 'STORE_SLOW_DOWN'],
        [500, 'InternalError', 'STORE_UNREACHABLE'],
        [507, 'XMinioStorageFull', 'STORE_FULL'],
      ]
    : [
        [403, 'AuthorizationFailure', 'STORE_DENIED'],
        [403, 'AccountIsDisabled', 'STORE_DENIED'],
        [503, 'ServerBusy', 'STORE_SLOW_DOWN'],
        [500, 'OperationTimedOut', 'STORE_UNREACHABLE'],
      ];
  test.each(refusals)(
    '%i %s is %s, told with advice, and over when it is over',
    async (status, name, code) => {
      const proxy = await bed().proxyBefore(server);
      for (const method of ['GET', 'PUT']) {
        const prefix = bed().newPrefix('refused');
        const store = bed().openStore(server, prefix, { endpoint: proxy.endpoint });
        proxy.fault = (request) => (request.method === method ? refusal(status, name) : undefined);
        await expectTrouble(store, code, () => {
          proxy.heal();
        });
      }
    },
  );

  test('a store that is busy for a moment is waited for', async () => {
    const proxy = await bed().proxyBefore(server);
    const store = bed().openStore(server, bed().newPrefix('busy'), { endpoint: proxy.endpoint });
    // Every request is refused four times.
    const seen = new Map<string, number>();
    proxy.fault = ({ method, path }) => {
      const times = (seen.get(method + path) ?? 0) + 1;
      seen.set(method + path, times);
      return times % 5 === 0 ? undefined : refusal(503, isS3 ? 'SlowDown' : 'ServerBusy');
    };
    const running = new SyncProcess(store, [bed().small]);
    expect(await running.pass()).toBeUndefined();
    await running.end();
    proxy.heal();
    await expectWhole(store, bed().small);
  });

  test('wrong keys, a missing bucket and differing clocks are told apart', async () => {
    const prefix = bed().newPrefix('settings');
    const settings = { accessKey: isS3 ? 'wrong' : 'd3Jvbmc=' };
    // Azurite has no word of its own for a wrong key.
    const code = isS3 ? 'STORE_CREDENTIALS' : 'STORE_DENIED';
    await expectTrouble(bed().openStore(server, prefix, settings), code);
    await expectTrouble(
      bed().openStore(server, prefix, { bucket: 'none' }),
      'STORE_BUCKET_MISSING',
    );
    const proxy = await bed().proxyBefore(server);
    const hourLater = new Date(startMs + hourMs);
    const skewed = isS3 ? 'RequestTimeTooSkewed' : 'AuthenticationFailed';
    proxy.fault = () => refusal(403, skewed, hourLater);
    const store = bed().openStore(server, prefix, { endpoint: proxy.endpoint });
    await expectTrouble(store, 'STORE_CLOCK_SKEW', () => {
      proxy.heal();
    });
  });

  test('a certificate that is not trusted is told, and taken when nobody asks', async () => {
    const [key, cert] = [join(bed().root, 'key.pem'), join(bed().root, 'cert.pem')];
    const shape = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const subject = ['-subj', '/CN=127.0.0.1', ...shape];
    const command = ['req', '-x509', '-nodes', '-keyout', key, '-out', cert, ...subject];
    execFileSync('openssl', command, { stdio: 'ignore' });
    const tls = { key: await readFile(key), cert: await readFile(cert) };
    const proxy = await bed().proxyBefore(server, tls);
    const options = { endpoint: proxy.endpoint, isSecure: true };
    const prefix = bed().newPrefix('tls');
    await expectTrouble(bed().openStore(server, prefix, options), 'STORE_CERTIFICATE');
    expect(proxy.requests).toEqual([]);
    const surroundings = { verifiesCertificates: false };
    const trusting = bed().openStore(server, prefix, { ...options, surroundings });
    const running = new SyncProcess(trusting, [bed().small]);
    expect(await running.pass()).toBeUndefined();
    await running.end();
    await expectWhole(trusting, bed().small);
  });
}
