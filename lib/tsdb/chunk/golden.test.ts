import { describe, expect, test } from '@jest/globals';

import { crc32c, fromHex, toHex } from '../../bytes/index.ts';
import { ChunkEncoder, ChunkIterator } from './index.ts';

/** Bits of a value as 16 hex digits, so that no NaN ever passes through a number. */
function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

const stale = '7ff0000000000002';
const nan = '7ff8000000000001';

interface Golden {
  name: string;
  samples: [timeMs: number, bits: string][];
  hex: string;
  /** CRC32C of the encoding byte and the data. */
  crc?: number;
}

const t0 = 1.7e12;
/** Made by the Go encoder of Prometheus 2.42. */
const goldens: Golden[] = [
  { name: 'A: one sample', samples: [[1000, bitsOf(1)]], hex: '0001d00f3ff0000000000000' },
  {
    name: 'B: all the same',
    samples: [0, 60000, 120000, 180000].map((t) => [t, bitsOf(0)]),
    hex: '0004000000000000000000e0d40300',
    crc: 0x5d77b03d,
  },
  {
    name: 'C: steady times, moving values',
    samples: [1, 2, 4, 7].map((v, at) => [t0 + at * 60000, bitsOf(v)]),
    hex: '000480a0abfef9623ff0000000000000e0d403c25fff4005b02c',
    crc: 0xc0d9462c,
  },
  {
    name: 'D: jittering times',
    samples: [0, 60000, 120003, 180000].map((t) => [t0 + t, bitsOf(5)]),
    hex: '000480a0abfef9624014000000000000e0d4034001affe80',
    crc: 0x7715c623,
  },
  {
    name: 'E: edges of the 14-bit range',
    samples: [0, 10000, 28192, 38193, 56387].map((t) => [t, bitsOf(1)]),
    hex: '0005003ff0000000000000904e50002800584002',
    crc: 0x8849a568,
  },
  {
    name: 'F: infinities, NaN and the stale marker',
    samples: [bitsOf(1.5), bitsOf(Infinity), nan, stale, bitsOf(-Infinity)].map((bits, at) => [
      at * 60000,
      bits,
    ]),
    hex: '0005003ff8000000000000e0d403c26400b6690000000000002a000000000000d83f8000000000000002',
    crc: 0x89714e96,
  },
  {
    name: 'G: 64-bit delta of delta',
    samples: [
      [-5000, bitsOf(-1)],
      [0, bitsOf(1)],
      [3e9, bitsOf(0.1)],
      [3000005000, bitsOf(0.1)],
    ],
    hex: '00048f4ebff00000000000008827c00fc00000002cb4129e34ed2666666666666fffffffffa697dac400',
    crc: 0x45ef9daa,
  },
];

describe('golden chunks of the Go encoder', () => {
  test.each(goldens)('encodes $name', ({ samples, hex, crc }) => {
    const encoder = new ChunkEncoder(1);
    for (const [timeMs, bits] of samples) {
      encoder.append(timeMs, parseInt(bits.slice(8), 16), parseInt(bits.slice(0, 8), 16));
    }
    const chunk = encoder.finish();
    expect(toHex(chunk)).toBe(hex);
    if (crc !== undefined) expect(crc32c(fromHex(`01${hex}`))).toBe(crc);
  });

  test.each(goldens)('decodes $name', ({ samples, hex }) => {
    const iterator = new ChunkIterator(fromHex(hex));
    const got: [number, string][] = [];
    while (iterator.next()) {
      const half = (value: number) => value.toString(16).padStart(8, '0');
      got.push([iterator.timeMs, half(iterator.hi) + half(iterator.lo)]);
    }
    expect(got).toEqual(samples);
  });
});
