import { describe, expect, test } from '@jest/globals';
import { fromHex, toHex } from '../bytes/index.ts';
import { seededRng, systemClock } from '../runtime/index.ts';
import { FrameDecoder, decodeHeader } from './decode.ts';
import { encodeFrame } from './encode.ts';
import { type FrameHeader, type FrameType, describeHeader } from './frame.ts';

const seed = Number(process.env['SEED'] ?? systemClock.nowMs() % 1_000_000);

/** What a decoder saw: headers printed, bodies as hex, pieces of one body joined. */
function decodeAll(pieces: readonly Uint8Array[]): string[] {
  const seen: string[] = [];
  let body = '';
  const decoder = new FrameDecoder({
    header: (header) => seen.push(describeHeader(header)),
    body: (piece, isLast) => {
      body += toHex(piece);
      if (!isLast) return;
      seen.push(body);
      body = '';
    },
  });
  for (const piece of pieces) decoder.feed(piece);
  return seen;
}

describe('frame codec', () => {
  const golden = fromHex(`
    0001 0001 00000001 00000000   0001 0001 00000003 00000000   0001 0001 00000005 00000000
    0000 0000 00000001 00000003 aabbcc   0002 0001 00000000 0000002a   0003 0000 00000000 00000001
    0000 0004 00000003 00000000   0001 0004 00000001 00000000`);
  const want = [
    'windowUpdate SYN stream 1 length 0',
    'windowUpdate SYN stream 3 length 0',
    'windowUpdate SYN stream 5 length 0',
    'data stream 1 length 3',
    'aabbcc',
    'ping SYN stream 0 length 42',
    'goAway stream 0 length 1',
    'data FIN stream 3 length 0',
    'windowUpdate FIN stream 1 length 0',
  ];

  test('reads frames fed whole', () => {
    expect(decodeAll([golden])).toEqual(want);
  });

  test('reads frames split at every offset and byte by byte', () => {
    for (let cut = 0; cut <= golden.length; cut++) {
      expect(decodeAll([golden.subarray(0, cut), golden.subarray(cut)])).toEqual(want);
    }
    expect(decodeAll(Array.from(golden, (byte) => Uint8Array.of(byte)))).toEqual(want);
  });

  test('agrees with a naive codec on random headers', () => {
    const rng = seededRng(seed);
    for (let round = 0; round < 500; round++) {
      const header: FrameHeader = {
        type: (rng.u32() % 4) as FrameType,
        flags: rng.u32() % 16,
        streamId: rng.u32(),
        length: rng.u32(),
      };
      const naive = [
        0,
        header.type,
        ...[8, 0].map((shift) => (header.flags >>> shift) & 0xff),
        ...[24, 16, 8, 0].map((shift) => (header.streamId >>> shift) & 0xff),
        ...[24, 16, 8, 0].map((shift) => (header.length >>> shift) & 0xff),
      ];
      const bytes = encodeFrame(header);
      expect({ seed, bytes: Array.from(bytes) }).toEqual({ seed, bytes: naive });
      expect(decodeHeader(bytes)).toEqual(header);
    }
  });

  test('refuses unknown versions and types with their place', () => {
    const f = (hex: string, code: string) => {
      const decoder = new FrameDecoder({ header: () => undefined, body: () => undefined });
      decoder.feed(fromHex('0000 0000 00000001 00000001 ff'));
      expect(() => decoder.feed(fromHex(hex))).toThrow(
        expect.objectContaining({ code, offset: 13, excerpt: hex }),
      );
    };
    f('010100000000000100000000', 'YAMUX_BAD_VERSION');
    f('000400000000000100000000', 'YAMUX_BAD_TYPE');
  });
});
