import { pageBits, pageBytes, pageMask } from './arena.ts';
import type { ClosedWindow } from './closed-window.ts';
import type { Head } from './head.ts';
import type { Pacer } from './pacer.ts';

const stepsPerLook = 256;
const encoder = new TextEncoder();

/**
 * Copies of the head's chunks in a time range and of what names their series, as columns that move
 * to another thread. Series are slots; `address` is `page << 18 | offset`. Chunks may reach beyond
 * the range at both ends.
 */
export interface HeadCopy {
  count: number;
  series: Uint32Array<ArrayBuffer>;
  mint: Float64Array<ArrayBuffer>;
  maxt: Float64Array<ArrayBuffer>;
  address: Uint32Array<ArrayBuffer>;
  length: Uint16Array<ArrayBuffer>;
  pages: Uint8Array<ArrayBuffer>[];
  /** Label sets by slot: place and length in `pairs`, which holds symbol numbers. */
  pairsAt: Uint32Array<ArrayBuffer>;
  pairsLength: Uint16Array<ArrayBuffer>;
  pairs: Int32Array<ArrayBuffer>;
  /** UTF-8 of all symbols in one piece, and where each ends. */
  symbolBytes: Uint8Array<ArrayBuffer>;
  symbolEnds: Uint32Array<ArrayBuffer>;
}

/**
 * Copies the chunks with samples in `[mint, maxt)`, open ones as far as they are. No batch may be
 * committed meanwhile; series may be added. Undefined when there is no such chunk.
 */
export async function copyHead(
  head: Head,
  mint: number,
  maxt: number,
  pacer: Pacer,
): Promise<HeadCopy | undefined> {
  const chunks = new ChunkColumns();
  for (const window of head.windows()) {
    if (window.minMs >= maxt || window.startMs + head.rangeMs <= mint) continue;
    await copyWindow(chunks, window, mint, maxt, pacer);
  }
  await copyOpen(chunks, head, mint, maxt, pacer);
  if (chunks.count === 0) return undefined;
  const { series } = head;
  const pairsAt = series.pairsAt.slice(0, series.slotEnd);
  const pairsLength = series.pairsLength.slice(0, series.slotEnd);
  const pairs = series.pairs.slice(0, series.pairsEnd);
  const symbols = await encodeSymbols(head, pacer);
  const { count, mint: mints, maxt: maxts, address, length, pages } = chunks;
  return {
    ...{ count, series: chunks.series, mint: mints, maxt: maxts, address, length, pages },
    ...{ pairsAt, pairsLength, pairs, ...symbols },
  };
}

/** The buffers of a copy, to be moved rather than copied again. */
export function headCopyBuffers(copy: HeadCopy): ArrayBuffer[] {
  return [
    ...[copy.series, copy.mint, copy.maxt, copy.address, copy.length],
    ...[copy.pairsAt, copy.pairsLength, copy.pairs, copy.symbolBytes, copy.symbolEnds],
    ...copy.pages,
  ].map((column) => column.buffer);
}

async function copyWindow(
  chunks: ChunkColumns,
  window: ClosedWindow,
  mint: number,
  maxt: number,
  pacer: Pacer,
): Promise<void> {
  const { count, startMs } = window;
  let number = -1;
  let page = new Uint8Array(0);
  for (let at = 0; at < count; at++) {
    if (at % stepsPerLook === 0 && pacer.isDue) await pacer.pause();
    const first = startMs + window.mintOffset[at]!;
    const last = startMs + window.maxtOffset[at]!;
    if (first >= maxt || last < mint) continue;
    const length = window.length[at]!;
    const address = window.address[at]!;
    // Chunks lie in the order of their addresses: each page is asked for once.
    if (address >>> pageBits !== number) {
      number = address >>> pageBits;
      page = await window.page(number);
    }
    const offset = chunks.add(window.series[at]!, first, last, length);
    const start = address & pageMask;
    chunks.page.set(page.subarray(start, start + length), offset);
  }
}

async function copyOpen(
  chunks: ChunkColumns,
  head: Head,
  mint: number,
  maxt: number,
  pacer: Pacer,
): Promise<void> {
  const { open } = head;
  for (let slot = 1; slot < head.series.slotEnd; slot++) {
    if (slot % stepsPerLook === 0 && pacer.isDue) await pacer.pause();
    if (open.count(slot) === 0) continue;
    const first = open.minT(slot);
    const last = open.lastT(slot);
    if (first >= maxt || last < mint) continue;
    const offset = chunks.add(slot, first, last, open.byteLength(slot));
    open.copy(slot, chunks.page, offset);
  }
}

async function encodeSymbols(
  head: Head,
  pacer: Pacer,
): Promise<Pick<HeadCopy, 'symbolBytes' | 'symbolEnds'>> {
  const { symbols } = head.series;
  const count = symbols.size;
  const ends = new Uint32Array(count);
  let bytes = new Uint8Array(16 * count + 1024);
  let end = 0;
  for (let id = 0; id < count; id++) {
    if (id % stepsPerLook === 0 && pacer.isDue) await pacer.pause();
    const text = symbols.text(id);
    // A UTF-16 unit takes at most three bytes.
    if (end + 3 * text.length > bytes.length) {
      const larger = new Uint8Array(2 * bytes.length + 3 * text.length);
      larger.set(bytes.subarray(0, end));
      bytes = larger;
    }
    end += encoder.encodeInto(text, bytes.subarray(end)).written;
    ends[id] = end;
  }
  return { symbolBytes: bytes, symbolEnds: ends };
}

/** Columns and pages that chunks are copied into. */
class ChunkColumns {
  count = 0;
  series = new Uint32Array(1024);
  mint = new Float64Array(1024);
  maxt = new Float64Array(1024);
  address = new Uint32Array(1024);
  length = new Uint16Array(1024);
  readonly pages: Uint8Array<ArrayBuffer>[] = [];
  /** The page that the last chunk is in. */
  page = new Uint8Array(0);
  #pageUsed = pageBytes;

  /** Makes room for a chunk and returns its offset in {@link page}. */
  add(series: number, mint: number, maxt: number, length: number): number {
    if (this.count === this.series.length) this.#grow();
    if (this.#pageUsed + length > pageBytes) {
      this.page = new Uint8Array(pageBytes);
      this.pages.push(this.page);
      this.#pageUsed = 0;
    }
    const at = this.count++;
    const offset = this.#pageUsed;
    this.series[at] = series;
    this.mint[at] = mint;
    this.maxt[at] = maxt;
    this.address[at] = ((this.pages.length - 1) << pageBits) | offset;
    this.length[at] = length;
    this.#pageUsed += length;
    return offset;
  }

  #grow(): void {
    const size = 2 * this.series.length;
    const { series, mint, maxt, address, length } = this;
    (this.series = new Uint32Array(size)).set(series);
    (this.mint = new Float64Array(size)).set(mint);
    (this.maxt = new Float64Array(size)).set(maxt);
    (this.address = new Uint32Array(size)).set(address);
    (this.length = new Uint16Array(size)).set(length);
  }
}
