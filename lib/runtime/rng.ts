import { randomBytes } from 'node:crypto';

/** Source of random bytes, injected so that tests can repeat a run. */
export interface Rng {
  bytes(count: number): Uint8Array;
}

/** The operating system's random numbers. */
export const systemRng: Rng = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
};

/** Repeatable random bytes from a seed (xorshift32): for tests only, never for ids that must be secret. */
export function seededRng(seed: number): Rng & { u32(): number } {
  let state = seed >>> 0 || 1;
  const u32 = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
  return {
    u32,
    bytes: (count) => Uint8Array.from({ length: count }, () => u32() & 0xff),
  };
}
