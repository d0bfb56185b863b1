import { assert } from '../../runtime/index.ts';
import { maxSparePages } from './limits.ts';

/** Addresses are `page << pageBits | offset`: 14 bits of pages, 4 GiB. */
export const pageBits = 18;
export const pageBytes = 1 << pageBits;
export const pageMask = pageBytes - 1;
const maxPages = 1 << (32 - pageBits);

/**
 * Slot sizes for what open chunks have besides their newest bits, which is 60 bytes more each time: no
 * step is shorter. The largest holds a whole chunk.
 */
export const slotBytes: readonly number[] = [64, 128, 192, 256, 384, 512, 768, 1024];

const noSlots = new Uint16Array(0);
const emptyPage = new Uint8Array(0);
const emptyView = new DataView(emptyPage.buffer);

/**
 * Memory for open chunks: zero-filled slots of a few sizes in pages. A page holds slots of one
 * size only, so that it can be given back as soon as its last slot is free: series that grow
 * together leave whole pages behind, not holes.
 */
export class Arena {
  /** Pages by their number; a page that was given back is empty. Index with `address >>> pageBits`. */
  readonly pages: Uint8Array<ArrayBuffer>[] = [];
  /** The same pages for writing several bytes at once. */
  readonly views: DataView[] = [];
  /** Numbers of pages that were given back. */
  readonly #freePages: number[] = [];
  /** Zero-filled. */
  readonly #sparePages: Uint8Array<ArrayBuffer>[] = [];
  /** The free slots of each page by their numbers, and how many they are. */
  readonly #freeSlots: Uint16Array[] = [];
  readonly #freeCount: number[] = [];
  /** Per slot size: pages with free slots. Slots are taken from the last one. */
  readonly #openPages: number[][] = slotBytes.map(() => []);

  /** Bytes of all pages in use. */
  get bytes(): number {
    return (this.pages.length - this.#freePages.length) * pageBytes;
  }

  /** Address of a zero-filled slot of size `slotBytes[size]`. */
  allocate(size: number): number {
    const open = this.#openPages[size]!;
    if (open.length === 0) this.#addPage(size);
    const page = open.at(-1)!;
    const left = --this.#freeCount[page]!;
    if (left === 0) open.pop();
    return ((page << pageBits) | (this.#freeSlots[page]![left]! * slotBytes[size]!)) >>> 0;
  }

  /** Gives a slot back; its content is wiped. */
  release(address: number, size: number): void {
    const page = address >>> pageBits;
    const offset = address & pageMask;
    this.pages[page]!.fill(0, offset, offset + slotBytes[size]!);
    const free = this.#freeSlots[page]!;
    const count = this.#freeCount[page]!++;
    free[count] = offset / slotBytes[size]!;
    if (count === 0) this.#openPages[size]!.push(page);
    if (count + 1 === free.length) this.#releasePage(page, size);
  }

  /** Moves `length` bytes of a slot to one of the next size and gives the old one back. */
  grow(address: number, size: number, length: number): number {
    const grown = this.allocate(size + 1);
    const from = this.pages[address >>> pageBits]!;
    const to = this.pages[grown >>> pageBits]!;
    const start = address & pageMask;
    to.set(from.subarray(start, start + length), grown & pageMask);
    this.release(address, size);
    return grown;
  }

  #addPage(size: number): void {
    const page = this.#freePages.pop() ?? this.pages.length;
    assert(page < maxPages, 'the arena of open chunks is full');
    const bytes = this.#sparePages.pop() ?? new Uint8Array(pageBytes);
    this.pages[page] = bytes;
    this.views[page] = new DataView(bytes.buffer);
    const count = Math.floor(pageBytes / slotBytes[size]!);
    // Descending, because slots are taken from the end: neighbours in time are neighbours in memory.
    const free = new Uint16Array(count);
    for (let at = 0; at < count; at++) free[at] = count - 1 - at;
    this.#freeSlots[page] = free;
    this.#freeCount[page] = count;
    this.#openPages[size]!.push(page);
  }

  #releasePage(page: number, size: number): void {
    const open = this.#openPages[size]!;
    // The last free page of a size stays, so that a lone series does not take and give it each time.
    if (open.length === 1) return;
    open.splice(open.indexOf(page), 1);
    this.#freeSlots[page] = noSlots;
    // All its slots were wiped.
    if (this.#sparePages.length < maxSparePages) this.#sparePages.push(this.pages[page]!);
    this.pages[page] = emptyPage;
    this.views[page] = emptyView;
    this.#freePages.push(page);
  }
}
