/** A sample whose value is its 64 IEEE bits. */
export interface NaiveSample {
  timeMs: number;
  bits: bigint;
}

/**
 * The XOR encoding written down as plainly as possible, over a text of ones and zeros: the twin
 * that the real encoder is compared with.
 */
export function naiveChunk(samples: readonly NaiveSample[]): Uint8Array {
  let out = binary(BigInt(samples.length), 16);
  let window: { leading: number; trailing: number } | undefined;
  samples.forEach(({ timeMs, bits }, at) => {
    const before = samples[at - 1];
    const delta = BigInt(timeMs) - BigInt(before?.timeMs ?? 0);
    if (before === undefined) {
      out += uvarint(timeMs < 0 ? -2n * BigInt(timeMs) - 1n : 2n * BigInt(timeMs));
      out += binary(bits, 64);
      return;
    }
    const beforeThat = samples[at - 2];
    if (beforeThat === undefined) out += uvarint(delta);
    else out += deltaOfDelta(delta - BigInt(before.timeMs) + BigInt(beforeThat.timeMs));
    const xor = binary(bits ^ before.bits, 64);
    if (!xor.includes('1')) {
      out += '0';
      return;
    }
    const leading = Math.min(31, xor.indexOf('1'));
    const trailing = 63 - xor.lastIndexOf('1');
    if (window !== undefined && leading >= window.leading && trailing >= window.trailing) {
      out += '10';
    } else {
      window = { leading, trailing };
      const significant = 64 - leading - trailing;
      out += '11' + binary(BigInt(leading), 5) + binary(BigInt(significant % 64), 6);
    }
    out += xor.slice(window.leading, 64 - window.trailing);
  });
  return Uint8Array.from(out.match(/.{1,8}/g) ?? [], (byte) => parseInt(byte.padEnd(8, '0'), 2));
}

function deltaOfDelta(dod: bigint): string {
  if (dod === 0n) return '0';
  for (const [prefix, width] of [
    ['10', 14],
    ['110', 17],
    ['1110', 20],
  ] as const) {
    const edge = 2n ** BigInt(width - 1);
    if (dod > -edge && dod <= edge) return prefix + binary(dod, width);
  }
  return '1111' + binary(dod, 64);
}

function uvarint(value: bigint): string {
  return value < 128n ? binary(value, 8) : '1' + binary(value, 7) + uvarint(value >> 7n);
}

/** The low `width` bits, two's complement. */
function binary(value: bigint, width: number): string {
  return BigInt.asUintN(width, value).toString(2).padStart(width, '0');
}
