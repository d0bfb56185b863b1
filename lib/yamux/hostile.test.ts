import { expect, test } from '@jest/globals';
import { seededRng, systemClock } from '../runtime/index.ts';
import { encodeFrame } from './encode.ts';
import { type FrameHeader, type FrameType } from './frame.ts';
import { initialWindowBytes } from './limits.ts';
import { sessionWithRawPeer, settle } from './raw-peer-fixture.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);

/** Frames that are mostly possible, sometimes not, on a handful of streams. */
function randomFrame(rng: ReturnType<typeof seededRng>): Uint8Array {
  const pick = (...values: number[]) => values[rng.u32() % values.length] ?? 0;
  const type = pick(0, 0, 0, 1, 1, 2, 3 * Number(rng.u32() % 50 === 0)) as FrameType;
  const flags = pick(0, 0, 0, 1, 2, 4, 8, 5, 6, 12);
  const length = type === 0 ? pick(0, 1, 100, 70_000) : type === 3 ? 0 : pick(0, 0, 5, 131_072);
  const header: FrameHeader = { type, flags, streamId: pick(1, 3, 5, 7, 9, 2, 4, 0), length };
  const frame = encodeFrame(header, type === 0 ? new Uint8Array(length) : undefined);
  if (rng.u32() % 200 === 0) frame[rng.u32() % 2] = 9;
  return frame;
}

test('random frames end in a coded error or go on, and memory stays within the windows', async () => {
  const rng = seededRng(seed);
  for (let round = 0; round < 150; round++) {
    const { session, peer, accepted } = sessionWithRawPeer({ maxStreams: 8 });
    const reads: Promise<unknown>[] = [];
    session.open();
    for (let at = 0; at < 40; at++) {
      const bytes = randomFrame(rng);
      const cut = rng.u32() % bytes.length;
      peer.socket.write(bytes.subarray(0, cut));
      peer.socket.write(bytes.subarray(cut));
      if (at % 8 === 0) await settle(2);
      const stream = accepted[rng.u32() % 8];
      if (stream === undefined) continue;
      expect(stream.bufferedBytes).toBeLessThanOrEqual(initialWindowBytes);
      if (stream.bufferedBytes > 0) reads.push(stream.read());
      else if (rng.u32() % 20 === 0) stream.destroy();
    }
    await Promise.allSettled(reads);
    await settle(3);
    session.close();
    const reason = await session.closed;
    expect({ seed, round, code: reason.code }).toEqual({
      seed,
      round,
      code: expect.stringMatching(/^YAMUX_/) as unknown,
    });
    expect({ seed, round, left: session.streamCount }).toEqual({ seed, round, left: 0 });
  }
});
