import { seededRng } from '../../lib/runtime/index.ts';

/** Repeatable choices from a seed. */
export class Random {
  readonly #rng: ReturnType<typeof seededRng>;

  constructor(seed: number) {
    this.#rng = seededRng(seed);
    // The first numbers of small seeds are alike.
    for (let i = 0; i < 8; i++) this.#rng.u32();
  }

  u32(): number {
    return this.#rng.u32();
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return this.u32() % count;
  }

  /** True once in `count`. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at++) bytes[at] = this.u32();
    return bytes;
  }

  /** A non-negative integer of any size up to 64 bits; sizes are equally likely. */
  uint64(): bigint {
    const bits = BigInt(this.below(65));
    const value = (BigInt(this.u32()) << 32n) | BigInt(this.u32());
    return bits === 0n ? 0n : value >> (64n - bits);
  }
}
