import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../runtime/index.ts';
import { FrameFlag, FrameType } from './frame.ts';
import { initialWindowBytes, maxFrameBodyBytes, maxPendingPings } from './limits.ts';
import { sessionWithRawPeer, settle } from './raw-peer-fixture.ts';

const window = initialWindowBytes;

describe('session frames', () => {
  test('answers a ping with the same value, ahead of queued data', async () => {
    const { peer, session } = sessionWithRawPeer();
    const stream = session.open();
    const write = stream.write(new Uint8Array(10 * window)).catch(() => undefined);
    await settle();
    peer.send({ type: FrameType.ping, flags: FrameFlag.syn, length: 0xdeadbeef });
    peer.send({ streamId: 2, length: window });
    await settle();
    const pong = peer.seen.indexOf('ping ACK stream 0 length 3735928559');
    const dataFrames = peer.seen.map((text, at) => (text.startsWith('data') ? at : -1));
    expect(pong).toBeGreaterThan(0);
    expect(dataFrames.filter((at) => at > pong)).toHaveLength(window / maxFrameBodyBytes);
    session.close();
    await write;
  });

  test('opens nothing after a normal go-away and ends on any other', async () => {
    const { peer, session } = sessionWithRawPeer();
    peer.send({ type: FrameType.goAway });
    await settle();
    expect(() => session.open()).toThrow(expect.objectContaining({ code: 'YAMUX_GO_AWAY' }));
    peer.send({ type: FrameType.goAway, length: 2 });
    expect(await session.closed).toMatchObject({ code: 'YAMUX_GO_AWAY' });
  });

  test('opens nothing for a stream that is opened and reset in one frame', async () => {
    const { peer, session, accepted } = sessionWithRawPeer();
    peer.send({ flags: FrameFlag.syn | FrameFlag.rst, streamId: 1 });
    await settle();
    expect([session.streamCount, accepted.length, peer.seen]).toEqual([0, 0, []]);
    session.close();
  });

  test('drops bytes behind the end of a stream', async () => {
    const { peer, session, accepted } = sessionWithRawPeer();
    peer.open(1);
    peer.sendData(1, Uint8Array.of(1), FrameFlag.fin);
    peer.sendData(1, Uint8Array.of(2));
    await settle();
    expect([...((await accepted[0]?.read()) ?? [])]).toEqual([1]);
    expect(await accepted[0]?.read()).toBeUndefined();
    session.close();
  });

  test('stops reading while its answers pile up', async () => {
    const { peer, near } = sessionWithRawPeer();
    peer.socket.pause();
    for (let at = 0; at < 40_000; at++) {
      peer.send({ type: FrameType.ping, flags: FrameFlag.syn, length: at });
    }
    await settle(100);
    expect(near.isPaused()).toBe(true);
    peer.socket.resume();
    await settle(200);
    expect(peer.headers).toHaveLength(40_000);
    expect(near.isPaused()).toBe(false);
  });

  test('takes as many own pings as the limit', async () => {
    const { session } = sessionWithRawPeer();
    const pings = Array.from({ length: maxPendingPings + 1 }, () => session.ping());
    await expect(pings.pop()).rejects.toMatchObject({ code: 'YAMUX_TOO_MANY_PINGS' });
    const failed = Promise.allSettled(pings);
    session.close();
    for (const { status } of await failed) expect(status).toBe('rejected');
    await expect(session.ping()).rejects.toMatchObject({ code: 'YAMUX_SESSION_CLOSED' });
  });

  test('measures a ping and gives up a silent peer', async () => {
    const clock = new FakeClock();
    const keepAlive = { intervalMs: 30_000, timeoutMs: 10_000 };
    const { peer, session } = sessionWithRawPeer({ clock, keepAlive });
    await clock.advance(30_000);
    expect(peer.seen).toEqual(['ping SYN stream 0 length 0']);
    peer.send({ type: FrameType.ping, flags: FrameFlag.ack, length: 0 });
    await clock.advance(30_000);
    expect(peer.seen).toHaveLength(2);
    const ping = session.ping();
    await clock.advance(5);
    peer.send({ type: FrameType.ping, flags: FrameFlag.ack, length: 2 });
    expect(await ping).toBe(5);
    await clock.advance(10_000);
    expect(await session.closed).toMatchObject({ code: 'YAMUX_KEEP_ALIVE' });
    expect(clock.pendingTimers).toBe(0);
  });
});
