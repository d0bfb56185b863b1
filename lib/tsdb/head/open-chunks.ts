import { Arena, pageBits, pageMask, slotBytes } from './arena.ts';
import type { SampleBatch } from '../sample-batch.ts';
import {
  maxChunkBytes,
  maxOpenBytes,
  maxSamples,
  maxSlots,
  maxTimeBits,
  maxValueBits,
  predictAtSamples,
} from './limits.ts';
import { putBits, putDeltaOfDelta, putUvarint, reachBits } from './put-bits.ts';

/*
 * What each append needs of a series lies together: sixteen words, one cache line. A scrape comes to
 * thousands of series once and then not for seconds, so that it costs what it fetches. The first
 * four words are two doubles. (Constants of the hot loops are those of this file: the engine knows
 * their values when it compiles, and reads imported ones from memory each time.)
 */
const wordBits = 4;
const doubleBits = 3;
/** Double: time of the newest sample, also when its chunk is closed; -Infinity without. */
const lastTAt = 0;
/** Double: distance of the two newest samples, once there are two in the chunk. */
const deltaAt = 1;
/** Halves of the newest value. */
const loAt = 4;
const hiAt = 5;
/** The bits of a value outside of the window of significant bits: all while there is no window. */
const outsideLoAt = 6;
const outsideHiAt = 7;
/** The window: its leading zeros in the lowest byte, and above it how many bits it has. */
const windowAt = 8;
/** Samples that the chunk may still take before {@link OpenChunks.append} has to look. */
const leftAt = 9;
/** Samples that the chunk has when none is left: its count is the difference. */
const stopAt = 10;
/** First free bit, counted from the start of all tails. */
const endAt = 11;
/** With an end here or behind it the tail is to be moved out, or the chunk to be closed. */
const turnAt = 12;
/** Bytes of the chunk before its tail, whole words. */
const movedAt = 13;
/** Address of them in the arena. */
const addressAt = 14;
/** The word of the tail with the first free bit, so that nobody has to wait for the tail. */
const lastWordAt = 15;

/*
 * The newest bits of each chunk, its tail, are sixteen words as well, beside those of the neighbours: what
 * is written in one scrape lies together. Of the chunks themselves, up to a kilobyte each, every one has a
 * page of memory nearly for itself, and to find each page takes a processor longer than all the rest.
 */
const tailBytesShift = 6;
const tailBitsShift = 9;
/** With so many bits a tail is moved out: a sample that begins before goes on for three words at most. */
const fullTailBits = 13 * 32;

const pageShift = pageBits;
const offsetMask = pageMask;
const slotMask = maxSlots - 1;
const noSlot = 255;
const maxLeadingZeros = 31;

/** With more bits a tail may lack room for a sample at an odd time, and for what writing it touches. */
const roomyTailBits = (1 << tailBitsShift) - maxTimeBits - reachBits(maxValueBits);
/** A chunk with more bits than this is to be closed. */
const maxOpenBits = 8 * maxOpenBytes;

/** Receives the data of a chunk that was closed; the bytes must be copied at once. */
export type ChunkSink = (
  series: number,
  mintMs: number,
  maxtMs: number,
  page: DataView,
  start: number,
  length: number,
) => void;

/** What became of one sample. */
export const appendOutcome = { stored: 0, same: 1, outOfOrder: 2, duplicate: 3 } as const;

/**
 * The open chunk of every series: XOR encoding (docs/format/chunks.md), its newest bits and all state
 * by series slot, the others in the arena. Nothing is allocated per sample or per chunk.
 */
export class OpenChunks {
  readonly arena = new Arena();
  readonly #rangeMs: number;
  readonly #sink: ChunkSink;
  #words = new Int32Array(0);
  /** The same memory. */
  #doubles = new Float64Array(this.#words.buffer);
  /** The tails; the bits behind the end of each are zero. */
  #tails = new Uint8Array(0);
  /** The same memory. */
  #tailView = new DataView(this.#tails.buffer);
  /** Where a chunk is put together whose slot has no room for its tail. */
  readonly #whole = new DataView(new ArrayBuffer(maxChunkBytes));
  #minT = new Float64Array(0);
  /** A sample at this time or later begins a new chunk. */
  #nextAt = new Float64Array(0);
  /** Size of the slot in the arena, or {@link noSlot}. */
  #size = new Uint8Array(0);

  /** `rangeMs` is the block range: no chunk crosses a multiple of it. */
  constructor(rangeMs: number, sink: ChunkSink) {
    this.#rangeMs = rangeMs;
    this.#sink = sink;
  }

  /** Makes room for series slots below `slots`. */
  reserve(slots: number): void {
    if (slots <= this.#size.length) return;
    const words = this.#words;
    (this.#words = new Int32Array(slots << wordBits)).set(words);
    this.#doubles = new Float64Array(this.#words.buffer);
    const tails = this.#tails;
    (this.#tails = new Uint8Array(slots << tailBytesShift)).set(tails);
    this.#tailView = new DataView(this.#tails.buffer);
    const minT = this.#minT;
    const nextAt = this.#nextAt;
    const size = this.#size;
    (this.#minT = new Float64Array(slots)).set(minT);
    (this.#nextAt = new Float64Array(slots)).set(nextAt);
    (this.#size = new Uint8Array(slots)).set(size);
  }

  /** Makes a slot ready for a new series. */
  reset(series: number): void {
    this.#doubles[(series << doubleBits) + lastTAt] = -Infinity;
    this.#setCount(series << wordBits, 0);
    this.#size[series] = noSlot;
  }

  /** Time of the newest sample of the series, also when its chunk is closed; -Infinity without. */
  lastT(series: number): number {
    return this.#doubles[(series << doubleBits) + lastTAt]!;
  }

  /** Time of the first sample in the open chunk. */
  minT(series: number): number {
    return this.#minT[series]!;
  }

  /** Samples in the open chunk; 0 when there is none. */
  count(series: number): number {
    const word = series << wordBits;
    return this.#words[word + stopAt]! - this.#words[word + leftAt]!;
  }

  /** Halves of the newest value; there is one when {@link lastT} is finite. */
  lastValue(series: number): { lo: number; hi: number } {
    const word = series << wordBits;
    return { lo: this.#words[word + loAt]!, hi: this.#words[word + hiAt]! };
  }

  /** Whether these are the halves of the newest value. */
  hasValue(series: number, lo: number, hi: number): boolean {
    const words = this.#words;
    const word = series << wordBits;
    return ((words[word + loAt]! ^ lo) | (words[word + hiAt]! ^ hi)) === 0;
  }

  /**
   * How many samples of a batch, from its begin on, are of series with a reference in `live` (by
   * slot), have a whole number in the range as time, and are newer than what their series has.
   */
  countAdmitted(batch: SampleBatch, live: Uint32Array, oldestMs: number, newestMs: number): number {
    const { refs, timesMs, count } = batch;
    const doubles = this.#doubles;
    let checkedMs = NaN;
    for (let at = 0; at < count; at++) {
      const timeMs = timesMs[at]!;
      // Nearly always all times of a batch are the same.
      if (timeMs !== checkedMs) {
        if (!(timeMs >= oldestMs && timeMs <= newestMs) || Math.floor(timeMs) !== timeMs) return at;
        checkedMs = timeMs;
      }
      const ref = refs[at]!;
      const series = ref & slotMask;
      if (live[series] !== ref || ref === 0) return at;
      if (timeMs <= doubles[(series << doubleBits) + lastTAt]!) return at;
    }
    return count;
  }

  /**
   * Appends the samples `[from, to)` of a batch as long as they are of the common kind: a further
   * sample of an open chunk, at the expected time. Returns the index of the first that is not, which
   * {@link append} takes.
   *
   * This is the hot loop of the store, and everything is in it that is not rare. A third of the
   * values is as before: two zero bits, which the tail has already. Any other sample is put
   * together at the left end of three words (a zero bit for the time, control bits, value) and
   * stored in one go, without reading the tail: a processor that waits for memory it only writes
   * to does nothing else meanwhile.
   */
  appendRun(batch: SampleBatch, from: number, to: number): number {
    const { refs, timesMs, lo: batchLo, hi: batchHi } = batch;
    const words = this.#words;
    const doubles = this.#doubles;
    const view = this.#tailView;
    for (let at = from; at < to; at++) {
      const series = refs[at]! & slotMask;
      const word = series << wordBits;
      const double = series << doubleBits;
      const timeMs = timesMs[at]!;
      const left = words[word + leftAt]!;
      if (left === 0 || timeMs - doubles[double + lastTAt]! !== doubles[double + deltaAt]!) {
        return at;
      }
      doubles[double + lastTAt] = timeMs;
      words[word + leftAt] = left - 1;
      const end = words[word + endAt]!;
      const lo = batchLo[at]!;
      const hi = batchHi[at]!;
      const xorLo = lo ^ words[word + loAt]!;
      const xorHi = hi ^ words[word + hiAt]!;
      const shift = end & 31;
      if ((xorLo | xorHi) === 0) {
        words[word + endAt] = end + 2;
        // Zero again when the end moves into the next word.
        words[word + lastWordAt] = words[word + lastWordAt]! & (((shift + 2) >>> 5) - 1);
        if (end + 2 >= words[word + turnAt]!) this.#turn(series);
        continue;
      }
      words[word + loAt] = lo;
      words[word + hiAt] = hi;
      let window = words[word + windowAt]!;
      let control = 0b010 << 29;
      let controlBits = 3;
      if (((xorLo & words[word + outsideLoAt]!) | (xorHi & words[word + outsideHiAt]!)) !== 0) {
        window = this.#openWindow(word, xorLo, xorHi);
        control = (0b011 << 29) | (windowBits(window) << 18);
        controlBits = 14;
      }
      const leading = leadingOf(window);
      const high = (xorHi << leading) | ((xorLo >>> 1) >>> (31 - leading));
      const first = control | (high >>> controlBits);
      const used = controlBits + significantOf(window);
      words[word + endAt] = end + used;
      const byte = (end >>> 5) << 2;
      const last = words[word + lastWordAt]! | (first >>> shift);
      view.setInt32(byte, last);
      if (used <= 32) {
        const next = (first << 1) << (31 - shift);
        view.setInt32(byte + 4, next);
        // A mask of ones when the end is in the next word: which it is cannot be foreseen.
        words[word + lastWordAt] = last ^ ((last ^ next) & ((31 - shift - used) >> 31));
      } else {
        const low = xorLo << leading;
        const second = (high << (32 - controlBits)) | (low >>> controlBits);
        const third = low << (32 - controlBits);
        view.setInt32(byte + 4, ((first << 1) << (31 - shift)) | (second >>> shift));
        view.setInt32(byte + 8, ((second << 1) << (31 - shift)) | (third >>> shift));
        view.setInt32(byte + 12, (third << 1) << (31 - shift));
        words[word + lastWordAt] = view.getInt32(((end + used) >>> 5) << 2);
      }
      if (end + used >= words[word + turnAt]!) this.#turn(series);
    }
    return to;
  }

  /** Appends one sample; see {@link appendOutcome}. */
  append(series: number, timeMs: number, lo: number, hi: number): number {
    const last = this.lastT(series);
    if (timeMs <= last) return this.#refuse(series, timeMs, lo, hi);
    let count = this.count(series);
    if (count !== 0 && this.#mustClose(series, timeMs, count)) {
      this.close(series);
      count = 0;
    }
    if (count === 0) this.#appendFirst(series, timeMs, lo, hi);
    else this.#appendNext(series, timeMs - last, lo, hi, count);
    const words = this.#words;
    const doubles = this.#doubles;
    const word = series << wordBits;
    doubles[(series << doubleBits) + lastTAt] = timeMs;
    words[word + loAt] = lo;
    words[word + hiAt] = hi;
    const end = words[word + endAt]!;
    words[word + lastWordAt] = this.#tailView.getInt32((end >>> 5) << 2);
    this.#setCount(word, count + 1);
    if (count !== 0) this.#foresee(series, timeMs, count + 1);
    if (end >= words[word + turnAt]!) this.#turn(series);
    return appendOutcome.stored;
  }

  /** Hands the open chunk of a series to the sink; its slot stays for the next chunk. */
  close(series: number): void {
    const word = series << wordBits;
    const moved = this.#words[word + movedAt]!;
    const length = this.byteLength(series);
    const tails = this.#tailView;
    const tail = series << tailBytesShift;
    let view: DataView = tails;
    let start = tail;
    if (moved > 0) {
      const address = this.#words[word + addressAt]!;
      view = this.arena.views[address >>> pageShift]!;
      start = address & offsetMask;
      // Whole words are copied, and read.
      if (length + 3 > slotBytes[this.#size[series]!]!) {
        copyWords(view, start, this.#whole, 0, moved);
        view = this.#whole;
        start = 0;
      }
      copyWords(tails, tail, view, start + moved, length - moved);
    }
    view.setUint16(start, this.count(series));
    this.#sink(series, this.#minT[series]!, this.lastT(series), view, start, length);
    for (let done = 0; done < length - moved; done += 4) tails.setInt32(tail + done, 0);
    this.#setCount(word, 0);
  }

  /** Gives the arena slot of a series without open chunk back. */
  releaseSlot(series: number): void {
    const size = this.#size[series]!;
    if (size === noSlot) return;
    this.arena.release(this.#words[(series << wordBits) + addressAt]! >>> 0, size);
    this.#size[series] = noSlot;
  }

  /** Bytes of the open chunk, its count included. */
  byteLength(series: number): number {
    const words = this.#words;
    const word = series << wordBits;
    return words[word + movedAt]! + ((words[word + endAt]! - (series << tailBitsShift) + 7) >>> 3);
  }

  /** Copies the open chunk into `target` at `at`, its count filled in; returns its length. */
  copy(series: number, target: Uint8Array, at: number): number {
    const word = series << wordBits;
    const moved = this.#words[word + movedAt]!;
    const length = this.byteLength(series);
    if (moved > 0) {
      const address = this.#words[word + addressAt]!;
      const start = address & offsetMask;
      target.set(this.arena.pages[address >>> pageShift]!.subarray(start, start + moved), at);
    }
    const tail = series << tailBytesShift;
    target.set(this.#tails.subarray(tail, tail + length - moved), at + moved);
    target[at] = 0;
    target[at + 1] = this.count(series);
    return length;
  }

  #refuse(series: number, timeMs: number, lo: number, hi: number): number {
    if (timeMs < this.lastT(series)) return appendOutcome.outOfOrder;
    return this.hasValue(series, lo, hi) ? appendOutcome.same : appendOutcome.duplicate;
  }

  /** The rules of Prometheus for the end of a chunk. */
  #mustClose(series: number, timeMs: number, count: number): boolean {
    if (this.byteLength(series) > maxOpenBytes) return true;
    if (count === predictAtSamples) {
      this.#nextAt[series] = predictEnd(
        this.#minT[series]!,
        this.lastT(series),
        this.#nextAt[series]!,
      );
    }
    return count >= maxSamples || timeMs >= this.#nextAt[series]!;
  }

  /** Sets the number of samples; the next one is for {@link append}. */
  #setCount(word: number, count: number): void {
    this.#words[word + stopAt] = count;
    this.#words[word + leftAt] = 0;
  }

  /** Finds out how many samples at the expected times need none of the rules. */
  #foresee(series: number, timeMs: number, count: number): void {
    const words = this.#words;
    const doubles = this.#doubles;
    const stop = count <= predictAtSamples ? predictAtSamples : maxSamples;
    const delta = doubles[(series << doubleBits) + deltaAt]!;
    const inRange = Math.ceil((this.#nextAt[series]! - timeMs) / delta) - 1;
    const left = Math.min(stop - count, inRange);
    const word = series << wordBits;
    words[word + stopAt] = count + left;
    words[word + leftAt] = left;
  }

  #appendFirst(series: number, timeMs: number, lo: number, hi: number): void {
    const words = this.#words;
    const word = series << wordBits;
    // The first two bytes hold the count, which is known when the chunk is closed or copied.
    const start = (series << tailBytesShift) + 2;
    const at = putUvarint(this.#tails, start, timeMs < 0 ? -2 * timeMs - 1 : 2 * timeMs);
    const view = this.#tailView;
    view.setInt32(at, hi);
    view.setInt32(at + 4, lo);
    words[word + endAt] = (at + 8) * 8;
    words[word + movedAt] = 0;
    this.#setTurn(series);
    words[word + outsideLoAt] = -1;
    words[word + outsideHiAt] = -1;
    this.#minT[series] = timeMs;
    this.#nextAt[series] = (Math.floor(timeMs / this.#rangeMs) + 1) * this.#rangeMs;
  }

  #appendNext(series: number, delta: number, lo: number, hi: number, count: number): void {
    const words = this.#words;
    const doubles = this.#doubles;
    const word = series << wordBits;
    const double = series << doubleBits;
    if (words[word + endAt]! - (series << tailBitsShift) > roomyTailBits) this.#turn(series);
    const view = this.#tailView;
    let at = words[word + endAt]!;
    if (count === 1) at = putUvarint(this.#tails, at >>> 3, delta) * 8;
    else at = putDeltaOfDelta(view, at, delta - doubles[double + deltaAt]!);
    doubles[double + deltaAt] = delta;
    const xorLo = lo ^ words[word + loAt]!;
    const xorHi = hi ^ words[word + hiAt]!;
    words[word + endAt] = this.#putValue(word, view, at, xorLo, xorHi);
  }

  /** Writes the XOR of two values at bit `start` of all tails; returns the end. */
  #putValue(word: number, view: DataView, start: number, lo: number, hi: number): number {
    if ((lo | hi) === 0) return start + 1;
    const words = this.#words;
    let window = words[word + windowAt]!;
    let at = start;
    if (((lo & words[word + outsideLoAt]!) | (hi & words[word + outsideHiAt]!)) === 0) {
      putBits(view, at, 0b10, 2);
      at += 2;
    } else {
      window = this.#openWindow(word, lo, hi);
      putBits(view, at, (0b11 << 11) | windowBits(window), 13);
      at += 13;
    }
    const leading = leadingOf(window);
    const significant = significantOf(window);
    // Moved to the left end a value needs no further shift: what is behind its window is zero.
    putBits(view, at, (hi << leading) | ((lo >>> 1) >>> (31 - leading)), 32);
    if (significant > 32) putBits(view, at + 32, lo << leading, 32);
    return at + significant;
  }

  /** Opens the window of significant bits that the XOR of two values has; returns it. */
  #openWindow(word: number, lo: number, hi: number): number {
    const words = this.#words;
    const zeros = Math.clz32(hi);
    const leading = zeros > maxLeadingZeros ? maxLeadingZeros : zeros;
    let outsideHi = ~(-1 >>> leading);
    let trailing: number;
    if (lo !== 0) {
      trailing = 31 - Math.clz32(lo & -lo);
      words[word + outsideLoAt] = (1 << trailing) - 1;
    } else {
      trailing = 63 - Math.clz32(hi & -hi);
      words[word + outsideLoAt] = -1;
      outsideHi |= (1 << (trailing - 32)) - 1;
    }
    words[word + outsideHiAt] = outsideHi;
    const window = leading | ((64 - leading - trailing) << 8);
    words[word + windowAt] = window;
    return window;
  }

  /** Moves the whole words of a tail to the arena; of a full chunk, leaves the next sample to {@link append}. */
  #turn(series: number): void {
    const words = this.#words;
    const word = series << wordBits;
    const tail = series << tailBytesShift;
    const end = words[word + endAt]!;
    const bytes = ((end >>> 5) << 2) - tail;
    const moved = words[word + movedAt]!;
    const address = this.#reserveSlot(series, moved, moved + bytes);
    const from = this.#tailView;
    const last = from.getInt32(tail + bytes);
    const to = this.arena.views[address >>> pageShift]!;
    const start = (address & offsetMask) + moved;
    for (let done = 0; done < bytes; done += 4) {
      to.setInt32(start + done, from.getInt32(tail + done));
      from.setInt32(tail + done, 0);
    }
    from.setInt32(tail + bytes, 0);
    from.setInt32(tail, last);
    words[word + movedAt] = moved + bytes;
    words[word + endAt] = end - bytes * 8;
    this.#setTurn(series);
    if (this.byteLength(series) > maxOpenBytes) this.#setCount(word, this.count(series));
  }

  /** Sets when the tail is to be looked at again. */
  #setTurn(series: number): void {
    const word = series << wordBits;
    const room = maxOpenBits + 1 - 8 * this.#words[word + movedAt]!;
    const bits = room < fullTailBits ? room : fullTailBits;
    this.#words[word + turnAt] = (series << tailBitsShift) + bits;
  }

  /** Address of a slot with room for `needed` bytes, which has the first `moved` ones. */
  #reserveSlot(series: number, moved: number, needed: number): number {
    const at = (series << wordBits) + addressAt;
    const size = this.#size[series]!;
    let address = this.#words[at]!;
    if (size === noSlot) {
      address = this.arena.allocate(0);
      this.#size[series] = 0;
    } else if (needed > slotBytes[size]!) {
      address = this.arena.grow(address >>> 0, size, moved);
      this.#size[series] = size + 1;
    }
    this.#words[at] = address;
    return address;
  }
}

/** Copies `length` bytes in whole words. */
function copyWords(from: DataView, start: number, to: DataView, at: number, length: number): void {
  for (let done = 0; done < length; done += 4) {
    to.setInt32(at + done, from.getInt32(start + done));
  }
}

/** When the chunk should end so that the rest of the range is divided into equal chunks. */
function predictEnd(startMs: number, currentMs: number, endMs: number): number {
  const chunks = (endMs - startMs) / ((currentMs - startMs + 1) * 4);
  return chunks <= 1 ? endMs : Math.trunc(startMs + (endMs - startMs) / Math.floor(chunks));
}

/** Eleven bits that describe a window: leading zeros, and significant bits, of which 64 are 0. */
function windowBits(window: number): number {
  return (leadingOf(window) << 6) | (significantOf(window) & 63);
}

function leadingOf(window: number): number {
  return window & 0xff;
}

/** 1 to 64. */
function significantOf(window: number): number {
  return window >>> 8;
}
