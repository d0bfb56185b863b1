import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { ApiError } from '../../api/index.ts';
import { id, webBed } from './web-fixture.ts';

const bed = webBed();

describe('archive', () => {
  const path = `/api/v1/dumps/${id}/archive`;

  async function sends(
    headers: Record<string, string>,
    status: number,
    body: string,
    range?: string,
  ) {
    const answer = await bed().request(path, { headers });
    expect([answer.status, await answer.text()]).toEqual([status, body]);
    expect(answer.headers.get('content-range') ?? undefined).toBe(range);
    if (status !== 304) expect(answer.headers.get('content-length')).toBe(String(body.length));
  }

  test('is sent whole, with length, name and validator', async () => {
    const answer = await bed().request(path);
    expect(await answer.text()).toBe('0123456789');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-length': '10',
      'content-type': 'application/gzip',
      'accept-ranges': 'bytes',
      etag: '"abc"',
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
      'content-disposition': `attachment; filename="gr__e.tar.gz"; filename*=UTF-8''gr%C3%B6%C3%9Fe.tar.gz`,
    });
  });

  test('is sent in the part that was asked for', async () => {
    await sends({ Range: 'bytes=0-0' }, 206, '0', 'bytes 0-0/10');
    await sends({ Range: 'bytes=7-' }, 206, '789', 'bytes 7-9/10');
    await sends({ Range: 'bytes=-4' }, 206, '6789', 'bytes 6-9/10');
    await sends({ Range: 'bytes=5-99' }, 206, '56789', 'bytes 5-9/10');
    await sends({ Range: 'bytes=5-', 'If-Range': '"abc"' }, 206, '56789', 'bytes 5-9/10');
    await sends({ Range: 'bytes=5-', 'If-Range': '"old"' }, 200, '0123456789');
    await sends({ Range: 'bytes=0-1,4-5' }, 200, '0123456789');
    await sends({ Range: 'lines=1-2' }, 200, '0123456789');
    await sends({ Range: 'nonsense' }, 200, '0123456789');
    await sends({ 'If-None-Match': '"x", "abc"' }, 304, '');
  });

  test('refuses a range behind its end, without download headers', async () => {
    const answer = await bed().request(path, { headers: { Range: 'bytes=10-' } });
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe('bytes */10');
    expect(answer.headers.get('content-disposition')).toBeNull();
    expect(((await answer.json()) as ApiError).code).toBe('RANGE_UNSATISFIABLE');
  });

  test('answers HEAD without opening it', async () => {
    const answer = await bed().request(path, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-length'), bed().dumps.opened]).toEqual([
      200,
      '10',
      0,
    ]);
  });

  test('cuts the connection when reading fails in the middle', async () => {
    bed().dumps.archive = async () => ({
      fileName: 'x',
      sizeBytes: 10,
      etag: 'e',
      open: async () =>
        Readable.from(
          (async function* () {
            yield Buffer.from('01234');
            throw new Error('disk died');
          })(),
        ),
    });
    const answer = await bed().request(path);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
  });

  test('stops reading when the client leaves', async () => {
    const destroyed = new Promise<void>((resolve) => {
      bed().dumps.archive = async () => ({
        fileName: 'x',
        sizeBytes: 1 << 30,
        etag: 'e',
        open: async () =>
          new Readable({
            read() {
              this.push(Buffer.alloc(65_536));
            },
            destroy(error, done) {
              resolve();
              done(error);
            },
          }),
      });
    });
    const socket = connect(bed().port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nMattermost-User-Id: admin\r\n\r\n`);
    socket.once('data', () => socket.destroy());
    await destroyed;
  });
});
