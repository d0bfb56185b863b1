import { Arena, pageBits, pageMask, slotBytes } from './arena.ts';
import type { SampleBatch } from '../sample-batch.ts';
import { maxOpenBytes, maxSampleBits, maxSamples, maxSlots, predictAtSamples } from './limits.ts';
import { putBits, putUvarint, spareBytes } from './put-bits.ts';

const noWindow = 255;
const noSlot = 255;
const maxLeadingZeros = 31;
const largestSize = slotBytes.length - 1;
const slotMask = maxSlots - 1;

/** Bits that must be free in a slot before a sample is written. */
const neededBits = maxSampleBits + 8 * spareBytes;

/** Per slot size: with more bits than this a chunk must grow, or end, before any further sample. */
const bitLimits = Uint16Array.from(slotBytes, (bytes) =>
  Math.min(bytes * 8 - neededBits, maxOpenBytes * 8),
);

/** Receives the data of a chunk that was closed; the bytes must be copied at once. */
export type ChunkSink = (
  series: number,
  mintMs: number,
  maxtMs: number,
  page: Uint8Array,
  start: number,
  length: number,
) => void;

/** What became of one sample. */
export const appendOutcome = { stored: 0, same: 1, outOfOrder: 2, duplicate: 3 } as const;

/**
 * The open chunk of every series: XOR encoding (docs/format/chunks.md) written straight into the
 * arena, state in columns by series slot. Nothing is allocated per sample or per chunk.
 */
export class OpenChunks {
  readonly arena = new Arena();
  /** Time of the newest sample of the series, also when its chunk is closed; -Infinity without. */
  lastT = new Float64Array(0);
  /** Halves of the newest value. */
  lo = new Uint32Array(0);
  hi = new Uint32Array(0);
  /** Samples in the open chunk; 0 when there is none. */
  count = new Uint8Array(0);
  /** Time of the first sample in the open chunk. */
  minT = new Float64Array(0);

  readonly #rangeMs: number;
  readonly #sink: ChunkSink;
  #delta = new Float64Array(0);
  #leading = new Uint8Array(0);
  #trailing = new Uint8Array(0);
  #bitEnd = new Uint16Array(0);
  #address = new Uint32Array(0);
  #size = new Uint8Array(0);
  /** Entry of {@link bitLimits} for the size of the slot. */
  #bitLimit = new Uint16Array(0);
  #nextAt = new Float64Array(0);

  /** `rangeMs` is the block range: no chunk crosses a multiple of it. */
  constructor(rangeMs: number, sink: ChunkSink) {
    this.#rangeMs = rangeMs;
    this.#sink = sink;
  }

  /** Makes room for series slots below `slots`. */
  reserve(slots: number): void {
    if (slots <= this.lastT.length) return;
    this.lastT = grown(this.lastT, new Float64Array(slots));
    this.lo = grown(this.lo, new Uint32Array(slots));
    this.hi = grown(this.hi, new Uint32Array(slots));
    this.count = grown(this.count, new Uint8Array(slots));
    this.minT = grown(this.minT, new Float64Array(slots));
    this.#delta = grown(this.#delta, new Float64Array(slots));
    this.#leading = grown(this.#leading, new Uint8Array(slots));
    this.#trailing = grown(this.#trailing, new Uint8Array(slots));
    this.#bitEnd = grown(this.#bitEnd, new Uint16Array(slots));
    this.#address = grown(this.#address, new Uint32Array(slots));
    this.#size = grown(this.#size, new Uint8Array(slots));
    this.#bitLimit = grown(this.#bitLimit, new Uint16Array(slots));
    this.#nextAt = grown(this.#nextAt, new Float64Array(slots));
  }

  /** Makes a slot ready for a new series. */
  reset(series: number): void {
    this.lastT[series] = -Infinity;
    this.count[series] = 0;
    this.#size[series] = noSlot;
  }

  /**
   * Appends the samples of a batch from index `from` on, as long as they are of the common kind: a
   * further sample of an open chunk with room, at the expected time. Returns the index of the first
   * that is not, which {@link append} takes; the split keeps this loop small and fast.
   */
  appendRun(batch: SampleBatch, from: number): number {
    const { refs, timesMs, lo: batchLo, hi: batchHi, count: end } = batch;
    const { lastT, lo: lastLo, hi: lastHi, count } = this;
    const delta = this.#delta;
    const nextAt = this.#nextAt;
    const bitEnd = this.#bitEnd;
    const bitLimit = this.#bitLimit;
    const addresses = this.#address;
    const { views } = this.arena;
    for (let at = from; at < end; at++) {
      const series = refs[at]! & slotMask;
      const timeMs = timesMs[at]!;
      const samples = count[series]!;
      const bits = bitEnd[series]!;
      if (
        timeMs - lastT[series]! !== delta[series]! ||
        samples < 2 ||
        samples === predictAtSamples ||
        samples === maxSamples ||
        timeMs >= nextAt[series]! ||
        bits > bitLimit[series]!
      ) {
        return at;
      }
      const lo = batchLo[at]!;
      const hi = batchHi[at]!;
      const xorLo = (lo ^ lastLo[series]!) >>> 0;
      const xorHi = (hi ^ lastHi[series]!) >>> 0;
      if ((xorLo | xorHi) === 0) {
        // Two zero bits in a slot that is zero already.
        bitEnd[series] = bits + 2;
      } else {
        const address = addresses[series]!;
        const view = views[address >>> pageBits]!;
        const base = (address & pageMask) * 8;
        bitEnd[series] = this.#putValue(series, view, base + bits + 1, xorLo, xorHi) - base;
        lastLo[series] = lo;
        lastHi[series] = hi;
      }
      lastT[series] = timeMs;
      count[series] = samples + 1;
    }
    return end;
  }

  /** Appends one sample; see {@link appendOutcome}. */
  append(series: number, timeMs: number, lo: number, hi: number): number {
    const last = this.lastT[series]!;
    if (timeMs <= last) return this.#refuse(series, timeMs, lo, hi);
    let count = this.count[series]!;
    if (count !== 0 && this.#mustClose(series, timeMs, count)) {
      this.close(series);
      count = 0;
    }
    if (count > 1) this.#appendNext(series, timeMs - last, lo, hi);
    else if (count === 1) this.#appendSecond(series, timeMs - last, lo, hi);
    else this.#appendFirst(series, timeMs, lo, hi);
    this.lastT[series] = timeMs;
    this.lo[series] = lo;
    this.hi[series] = hi;
    this.count[series] = count + 1;
    return appendOutcome.stored;
  }

  /** Hands the open chunk of a series to the sink; its slot stays for the next chunk. */
  close(series: number): void {
    const page = this.arena.pages[this.#address[series]! >>> pageBits]!;
    const start = this.#address[series]! & pageMask;
    const length = this.byteLength(series);
    page[start] = 0;
    page[start + 1] = this.count[series]!;
    this.#sink(series, this.minT[series]!, this.lastT[series]!, page, start, length);
    page.fill(0, start, start + length);
    this.count[series] = 0;
  }

  /** Gives the arena slot of a series without open chunk back. */
  releaseSlot(series: number): void {
    const size = this.#size[series]!;
    if (size === noSlot) return;
    this.arena.release(this.#address[series]!, size);
    this.#size[series] = noSlot;
  }

  /** Bytes of the open chunk, its count included. */
  byteLength(series: number): number {
    return (this.#bitEnd[series]! + 7) >>> 3;
  }

  /** Copies the open chunk into `target` at `at`, its count filled in; returns its length. */
  copy(series: number, target: Uint8Array, at: number): number {
    const page = this.arena.pages[this.#address[series]! >>> pageBits]!;
    const start = this.#address[series]! & pageMask;
    const length = this.byteLength(series);
    target.set(page.subarray(start, start + length), at);
    target[at] = 0;
    target[at + 1] = this.count[series]!;
    return length;
  }

  #refuse(series: number, timeMs: number, lo: number, hi: number): number {
    if (timeMs < this.lastT[series]!) return appendOutcome.outOfOrder;
    return lo === this.lo[series] && hi === this.hi[series]
      ? appendOutcome.same
      : appendOutcome.duplicate;
  }

  /** The rules of Prometheus for the end of a chunk. */
  #mustClose(series: number, timeMs: number, count: number): boolean {
    if (this.#bitEnd[series]! > maxOpenBytes * 8) return true;
    if (count === predictAtSamples) {
      this.#nextAt[series] = predictEnd(
        this.minT[series]!,
        this.lastT[series]!,
        this.#nextAt[series]!,
      );
    }
    return count >= maxSamples || timeMs >= this.#nextAt[series]!;
  }

  #appendFirst(series: number, timeMs: number, lo: number, hi: number): void {
    if (this.#size[series] === noSlot) {
      this.#setSlot(series, this.arena.allocate(0), 0);
    }
    const page = this.arena.pages[this.#address[series]! >>> pageBits]!;
    const start = this.#address[series]! & pageMask;
    // The first two bytes hold the count, which is known when the chunk is closed or copied.
    const view = this.arena.views[this.#address[series]! >>> pageBits]!;
    const at = putUvarint(page, start + 2, timeMs < 0 ? -2 * timeMs - 1 : 2 * timeMs);
    view.setUint32(at, hi);
    view.setUint32(at + 4, lo);
    this.#bitEnd[series] = (at + 8 - start) * 8;
    this.#leading[series] = noWindow;
    this.minT[series] = timeMs;
    this.#nextAt[series] = (Math.floor(timeMs / this.#rangeMs) + 1) * this.#rangeMs;
  }

  #appendSecond(series: number, delta: number, lo: number, hi: number): void {
    const page = this.arena.pages[this.#address[series]! >>> pageBits]!;
    const start = this.#address[series]! & pageMask;
    const at = putUvarint(page, start + (this.#bitEnd[series]! >>> 3), delta);
    this.#delta[series] = delta;
    const xorLo = (lo ^ this.lo[series]!) >>> 0;
    const xorHi = (hi ^ this.hi[series]!) >>> 0;
    const view = this.arena.views[this.#address[series]! >>> pageBits]!;
    const end = this.#putValue(series, view, at * 8, xorLo, xorHi);
    this.#bitEnd[series] = end - start * 8;
  }

  #appendNext(series: number, delta: number, lo: number, hi: number): void {
    const dod = delta - this.#delta[series]!;
    const xorLo = (lo ^ this.lo[series]!) >>> 0;
    const xorHi = (hi ^ this.hi[series]!) >>> 0;
    const bitEnd = this.#bitEnd[series]!;
    const room = slotBytes[this.#size[series]!]! * 8 - bitEnd;
    if (dod === 0 && xorLo === 0 && xorHi === 0) {
      // Two zero bits in a slot that is zero already.
      if (room < 2) this.#grow(series);
      this.#bitEnd[series] = bitEnd + 2;
      return;
    }
    if (room < neededBits && this.#size[series]! < largestSize) this.#grow(series);
    const address = this.#address[series]!;
    const view = this.arena.views[address >>> pageBits]!;
    const base = (address & pageMask) * 8;
    let at = base + bitEnd;
    if (dod === 0) at++;
    else at = putDeltaOfDelta(view, at, dod);
    this.#delta[series] = delta;
    this.#bitEnd[series] = this.#putValue(series, view, at, xorLo, xorHi) - base;
  }

  /** Writes the XOR of two values at bit `at`; returns the end. */
  #putValue(series: number, view: DataView, at: number, lo: number, hi: number): number {
    if (lo === 0 && hi === 0) return at + 1;
    const zeros = hi === 0 ? 32 + Math.clz32(lo) : Math.clz32(hi);
    let leading = zeros > maxLeadingZeros ? maxLeadingZeros : zeros;
    let trailing = lo !== 0 ? 31 - Math.clz32(lo & -lo) : 63 - Math.clz32(hi & -hi);
    if (leading >= this.#leading[series]! && trailing >= this.#trailing[series]!) {
      leading = this.#leading[series]!;
      trailing = this.#trailing[series]!;
      return putValueBits(view, at, 0b10, 2, lo, hi, 64 - leading - trailing, trailing);
    }
    this.#leading[series] = leading;
    this.#trailing[series] = trailing;
    const significant = 64 - leading - trailing;
    // 64 significant bits are stored as 0, which cannot occur otherwise.
    const control = (0b11 << 11) | (leading << 6) | (significant & 63);
    return putValueBits(view, at, control, 13, lo, hi, significant, trailing);
  }

  #grow(series: number): void {
    const size = this.#size[series]!;
    const grown = this.arena.grow(this.#address[series]!, size, this.byteLength(series));
    this.#setSlot(series, grown, size + 1);
  }

  #setSlot(series: number, address: number, size: number): void {
    this.#address[series] = address;
    this.#size[series] = size;
    this.#bitLimit[series] = bitLimits[size]!;
  }
}

/** When the chunk should end so that the rest of the range is divided into equal chunks. */
function predictEnd(startMs: number, currentMs: number, endMs: number): number {
  const chunks = (endMs - startMs) / ((currentMs - startMs + 1) * 4);
  return chunks <= 1 ? endMs : Math.trunc(startMs + (endMs - startMs) / Math.floor(chunks));
}

/** n bits hold -(2^(n-1)-1) to 2^(n-1): the edge belongs to the positive side. */
function putDeltaOfDelta(view: DataView, at: number, dod: number): number {
  if (dod >= -8191 && dod <= 8192) {
    putBits(view, at, (0b10 << 14) | (dod & 0x3fff), 16);
    return at + 16;
  }
  if (dod >= -65535 && dod <= 65536) {
    putBits(view, at, (0b110 << 17) | (dod & 0x1ffff), 20);
    return at + 20;
  }
  if (dod >= -524287 && dod <= 524288) {
    putBits(view, at, (0b1110 << 20) | (dod & 0xfffff), 24);
    return at + 24;
  }
  putBits(view, at, 0b1111, 4);
  putBits(view, at + 4, Math.floor(dod / 0x1_0000_0000) >>> 0, 32);
  putBits(view, at + 36, dod >>> 0, 32);
  return at + 68;
}

/** Writes control bits and then `(hi, lo) >>> trailing`, which has `significant` bits. */
function putValueBits(
  view: DataView,
  at: number,
  control: number,
  controlBits: number,
  lo: number,
  hi: number,
  significant: number,
  trailing: number,
): number {
  const end = at + controlBits + significant;
  let low = lo;
  let high = hi;
  if (trailing >= 32) {
    low = hi >>> (trailing - 32);
    high = 0;
  } else if (trailing > 0) {
    low = ((lo >>> trailing) | (hi << (32 - trailing))) >>> 0;
    high = hi >>> trailing;
  }
  if (controlBits + significant <= 31) {
    putBits(view, at, (control << significant) | low, controlBits + significant);
    return end;
  }
  putBits(view, at, control, controlBits);
  if (significant > 32) {
    putBits(view, at + controlBits, high, significant - 32);
    putBits(view, end - 32, low, 32);
  } else putBits(view, at + controlBits, low, significant);
  return end;
}

function grown<Column extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(
  from: Column,
  to: Column,
): Column {
  to.set(from);
  return to;
}
