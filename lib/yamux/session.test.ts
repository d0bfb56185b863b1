import { describe, expect, test } from '@jest/globals';
import { fromHex, toHex } from '../bytes/index.ts';
import { FakeClock, seededRng, systemClock } from '../runtime/index.ts';
import { FrameFlag, FrameType } from './frame.ts';
import { initialWindowBytes, maxFrameBodyBytes, maxUnackedStreams } from './limits.ts';
import { readAll, sessionPair, sessionWithRawPeer, settle } from './raw-peer-fixture.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);
const window = initialWindowBytes;

describe('opening', () => {
  test('answers the golden start of a session as the reference does', async () => {
    const { peer, accepted } = sessionWithRawPeer();
    const sent: Uint8Array[] = [];
    peer.socket.on('data', (chunk: Uint8Array) => sent.push(chunk));
    for (const byte of fromHex(`0001 0001 00000001 00000000 0001 0001 00000003 00000000
      0001 0001 00000005 00000000 0000 0000 00000001 00000002 abcd`)) {
      peer.socket.write(Uint8Array.of(byte));
    }
    await settle();
    expect(toHex(Buffer.concat(sent))).toBe(
      '000100020000000100000000' + '000100020000000300000000' + '000100020000000500000000',
    );
    expect(accepted.map((stream) => stream.id)).toEqual([1, 3, 5]);
    expect(toHex((await accepted[0]!.read())!)).toBe('ab');
    expect(toHex((await accepted[0]!.read())!)).toBe('cd');
  });

  test('takes bytes that come with the SYN', async () => {
    const { peer, accepted } = sessionWithRawPeer();
    peer.sendData(1, Uint8Array.of(7), FrameFlag.syn | FrameFlag.fin);
    await settle();
    expect(Array.from(await readAll(accepted[0]!))).toEqual([7]);
  });

  test('opens even ids as server and odd ids as client', async () => {
    const { client, server, serverAccepted, clientAccepted } = sessionPair();
    expect([client.open().id, client.open().id, server.open().id]).toEqual([1, 3, 2]);
    await settle();
    expect(serverAccepted.map((stream) => stream.id)).toEqual([1, 3]);
    expect(clientAccepted.map((stream) => stream.id)).toEqual([2]);
  });

  test('ends the session on a stream opened twice and on a foreign id', async () => {
    const f = async (ids: number[], code: string) => {
      const { peer, session, near } = sessionWithRawPeer();
      for (const id of ids) peer.open(id);
      expect(await session.closed).toMatchObject({ code });
      await settle();
      expect(peer.seen.at(-1)).toBe('goAway stream 0 length 1');
      expect(near.destroyed).toBe(true);
    };
    await f([1, 1], 'YAMUX_DUPLICATE_STREAM');
    await f([2], 'YAMUX_BAD_STREAM_ID');
    await f([0], 'YAMUX_BAD_STREAM_ID');
  });

  test('takes as many streams as the limit and resets one more', async () => {
    const { peer, session } = sessionWithRawPeer({ maxStreams: 3 });
    for (const id of [1, 3, 5, 7]) peer.open(id);
    await settle();
    expect(session.streamCount).toBe(3);
    expect(peer.seen).toEqual([
      'windowUpdate ACK stream 1 length 0',
      'windowUpdate ACK stream 3 length 0',
      'windowUpdate ACK stream 5 length 0',
      'windowUpdate RST stream 7 length 0',
    ]);
    expect(() => session.open()).toThrow(
      expect.objectContaining({ code: 'YAMUX_TOO_MANY_STREAMS' }),
    );
  });

  test('opens as many unacknowledged streams as the peer queues, and no more until it answers', async () => {
    const { peer, session } = sessionWithRawPeer();
    for (let count = 0; count < maxUnackedStreams; count++) session.open();
    expect(() => session.open()).toThrow(expect.objectContaining({ code: 'YAMUX_BACKLOG_FULL' }));
    const waiting = [session.openSoon(), session.openSoon()];
    peer.send({ flags: FrameFlag.ack, streamId: 2 });
    expect((await waiting[0]!).id).toBe(2 * maxUnackedStreams + 2);
    const failed = expect(waiting[1]).rejects.toMatchObject({ code: 'YAMUX_SESSION_CLOSED' });
    session.close();
    await failed;
  });
});

describe('flow control', () => {
  test('stops at the credit, goes on with a window update, and resolves when all is sent', async () => {
    const { peer, session } = sessionWithRawPeer();
    const stream = session.open();
    let isWritten = false;
    const written = stream.write(new Uint8Array(window + 10)).then(() => (isWritten = true));
    await settle();
    expect(peer.bodies.get(2)).toBe(window);
    expect(isWritten).toBe(false);
    peer.send({ streamId: 2, length: 4 });
    await settle();
    expect(peer.bodies.get(2)).toBe(window + 4);
    peer.send({ streamId: 2, length: 100 });
    await written;
    await settle();
    expect(peer.bodies.get(2)).toBe(window + 10);
    expect(Math.max(...peer.headers.map((header) => header.length))).toBe(maxFrameBodyBytes);
  });

  test('returns credit for consumed bytes only, from half a window on', async () => {
    const { peer, accepted } = sessionWithRawPeer();
    const half = window / 2;
    peer.open(1);
    peer.sendData(1, new Uint8Array(half - 1));
    peer.sendData(1, new Uint8Array(1));
    peer.sendData(1, new Uint8Array(10));
    await settle();
    const updates = () => peer.seen.filter((text) => text.startsWith('windowUpdate stream'));
    expect(updates()).toEqual([]);
    expect(accepted[0]!.bufferedBytes).toBe(half + 10);
    let got = (await accepted[0]!.read())!.length;
    expect(got).toBeLessThan(half);
    await settle();
    expect(updates()).toEqual([]);
    while (got < half) got += (await accepted[0]!.read())!.length;
    await settle();
    expect(updates()).toEqual([`windowUpdate stream 1 length ${String(got)}`]);
  });

  test('takes a full window and ends the session one byte past it', async () => {
    const { peer, session, accepted } = sessionWithRawPeer();
    peer.open(1);
    for (let at = 0; at < window; at += 1024) peer.sendData(1, new Uint8Array(1024));
    await settle(300);
    expect(accepted[0]!.bufferedBytes).toBe(window);
    peer.sendData(1, new Uint8Array(1));
    expect(await session.closed).toMatchObject({ code: 'YAMUX_WINDOW_EXCEEDED' });
    await settle();
    expect(peer.seen.at(-1)).toBe('goAway stream 0 length 1');
  });

  test('ends the session when credit overflows', async () => {
    const { peer, session } = sessionWithRawPeer();
    session.open();
    peer.send({ streamId: 2, length: 0xffff_ffff - window });
    peer.send({ streamId: 2, length: 1 });
    expect(await session.closed).toMatchObject({ code: 'YAMUX_CREDIT_OVERFLOW' });
  });

  test('holds a window of one-byte pieces in little more than a window', async () => {
    const { peer, accepted } = sessionWithRawPeer();
    peer.open(1);
    for (let at = 0; at < 20_000; at++) peer.sendData(1, Uint8Array.of(at & 0xff));
    await settle(100);
    const stream = accepted[0]!;
    expect(stream.bufferedBytes).toBe(20_000);
    let pieces = 0;
    let at = 0;
    while (stream.bufferedBytes > 0) {
      for (const byte of (await stream.read())!) expect(byte).toBe(at++ & 0xff);
      pieces++;
    }
    expect(pieces).toBeLessThanOrEqual(4);
  });

  test('lets streams take turns', async () => {
    const { peer, session } = sessionWithRawPeer();
    const [one, two] = [session.open(), session.open()];
    const writes = [one.write(new Uint8Array(window)), two.write(new Uint8Array(window))];
    await Promise.all(writes);
    await settle();
    const order = peer.headers.filter((h) => h.type === FrameType.data).map((h) => h.streamId);
    expect(order).toEqual([2, 4, 2, 4, 2, 4, 2, 4]);
  });

  test('carries random traffic whole in both directions without ever passing the credit', async () => {
    const rng = seededRng(seed);
    const { client, server, serverAccepted } = sessionPair();
    const count = 5;
    const opened = Array.from({ length: count }, () => client.open());
    await settle();
    const payloads = opened.map(() => Buffer.from(rng.bytes(rng.u32() % 700_000)));
    // A reader that breaks the credit rule, or a writer that does, ends the session.
    const echo = async (at: number) => {
      const stream = serverAccepted[at]!;
      for (;;) {
        const piece = await stream.read();
        if (piece === undefined) break;
        if (rng.u32() % 4 === 0) await settle(1);
        await stream.write(piece);
      }
      await stream.end();
    };
    const send = async (at: number) => {
      const payload = payloads[at]!;
      for (let from = 0; from < payload.length;) {
        const size = 1 + (rng.u32() % 200_000);
        await opened[at]!.write(payload.subarray(from, from + size));
        from += size;
      }
      await opened[at]!.end();
    };
    const all = opened.map((_, at) => Promise.all([echo(at), send(at), readAll(opened[at]!)]));
    const results = await Promise.all(all);
    results.forEach(([, , got], at) => {
      expect({ seed, isEqual: payloads[at]!.equals(got) }).toEqual({ seed, isEqual: true });
    });
    await settle();
    expect([client.streamCount, server.streamCount]).toEqual([0, 0]);
  });
});

describe('ending', () => {
  test('sends FIN once, after the data, and keeps reading', async () => {
    const { peer, session } = sessionWithRawPeer();
    const stream = session.open();
    const written = stream.write(new Uint8Array(3));
    const ended = Promise.all([stream.end(), stream.end()]);
    await Promise.all([written, ended]);
    await expect(stream.write(new Uint8Array(1))).rejects.toMatchObject({
      code: 'YAMUX_STREAM_ENDED',
    });
    await settle();
    expect(peer.seen).toEqual([
      'windowUpdate SYN stream 2 length 0',
      'data stream 2 length 3',
      'windowUpdate FIN stream 2 length 0',
    ]);
    peer.sendData(2, Uint8Array.of(9), FrameFlag.fin);
    expect(Array.from(await readAll(stream))).toEqual([9]);
    await stream.closed;
    expect(session.streamCount).toBe(0);
    stream.destroy();
    await settle();
    expect(peer.seen).toHaveLength(3);
  });

  test('keeps data readable after the peer ended', async () => {
    const { peer, accepted } = sessionWithRawPeer();
    peer.open(1);
    peer.sendData(1, Uint8Array.of(1, 2));
    peer.send({ streamId: 1, flags: FrameFlag.fin });
    await settle();
    expect(Array.from(await readAll(accepted[0]!))).toEqual([1, 2]);
  });

  test('ends the session when a stream ends twice', async () => {
    const { peer, session } = sessionWithRawPeer();
    peer.open(1);
    peer.send({ streamId: 1, flags: FrameFlag.fin });
    peer.send({ streamId: 1, flags: FrameFlag.fin });
    expect(await session.closed).toMatchObject({ code: 'YAMUX_BAD_FLAG' });
  });

  test('fails pending reads and writes when the peer resets, and forgets the stream', async () => {
    const { peer, session } = sessionWithRawPeer();
    const stream = session.open();
    const outcomes = Promise.allSettled([stream.read(), stream.write(new Uint8Array(window + 1))]);
    await settle();
    peer.send({ streamId: 2, flags: FrameFlag.rst });
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ reason: { code: 'YAMUX_STREAM_RESET', streamId: 2 } });
    }
    await stream.closed;
    expect(session.streamCount).toBe(0);
    // Neither FIN nor RST may follow a reset.
    await expect(stream.end()).rejects.toMatchObject({ code: 'YAMUX_STREAM_RESET' });
    stream.destroy();
    await settle();
    expect(peer.seen.filter((text) => /FIN|RST/.test(text))).toEqual([]);
  });

  test('resets the peer when given up, drops what is queued and drains late bodies', async () => {
    const { peer, accepted, session } = sessionWithRawPeer();
    peer.open(1);
    await settle();
    const outcome = expect(accepted[0]!.read()).rejects.toMatchObject({
      code: 'YAMUX_STREAM_DESTROYED',
    });
    accepted[0]!.destroy();
    await outcome;
    peer.sendData(1, new Uint8Array(100));
    peer.open(3);
    peer.sendData(3, Uint8Array.of(5));
    await settle();
    expect(Array.from((await accepted[1]!.read())!)).toEqual([5]);
    expect(peer.seen).toContain('windowUpdate RST stream 1 length 0');
    expect(session.streamCount).toBe(1);
  });

  test('leaves the peer time to end a stream given up after our end', async () => {
    const clock = new FakeClock();
    const { peer, session } = sessionWithRawPeer({ clock });
    const streams = [session.open(), session.open(), session.open(), session.open()];
    for (const stream of streams) {
      await stream.end();
      stream.destroy();
    }
    expect(session.streamCount).toBe(0);
    peer.send({ streamId: 2, flags: FrameFlag.fin });
    peer.send({ streamId: 4, flags: FrameFlag.rst });
    peer.sendData(6, Uint8Array.of(1));
    const resets = () => peer.seen.filter((text) => text.includes('RST'));
    await clock.advance(9999);
    expect(resets()).toEqual(['windowUpdate RST stream 6 length 0']);
    await clock.advance(1);
    expect(resets().slice(1)).toEqual(['windowUpdate RST stream 8 length 0']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('ignores frames of unknown streams', async () => {
    const { peer, accepted } = sessionWithRawPeer();
    peer.sendData(77, new Uint8Array(5));
    peer.send({ streamId: 77, length: 100 });
    peer.send({ streamId: 77, flags: FrameFlag.rst });
    peer.open(1);
    await settle();
    expect(accepted).toHaveLength(1);
  });

  test('fails every stream when the connection goes, keeping what arrived', async () => {
    const { peer, session, accepted } = sessionWithRawPeer();
    peer.open(1);
    peer.sendData(1, Uint8Array.of(1));
    await settle();
    const opened = session.open();
    const failed = expect(opened.read()).rejects.toMatchObject({ code: 'YAMUX_SESSION_CLOSED' });
    peer.socket.end();
    expect(await session.closed).toMatchObject({ code: 'YAMUX_SESSION_CLOSED' });
    await failed;
    expect(Array.from((await accepted[0]!.read())!)).toEqual([1]);
    await expect(accepted[0]!.read()).rejects.toMatchObject({ code: 'YAMUX_SESSION_CLOSED' });
    await accepted[0]!.closed;
    expect(() => session.open()).toThrow(expect.objectContaining({ code: 'YAMUX_SESSION_CLOSED' }));
  });

  test('refuses two readers of one stream', async () => {
    const { session } = sessionWithRawPeer();
    const stream = session.open();
    void stream.read().catch(() => undefined);
    expect(() => stream.read()).toThrow('two reads');
    session.close();
    await session.closed;
  });
});
