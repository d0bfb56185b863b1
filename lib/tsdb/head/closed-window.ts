import { pageBits, pageBytes } from './arena.ts';

const initialChunks = 1024;

/** A place outside of memory for the pages of one window. */
export interface PageStore {
  write(page: number, bytes: Uint8Array): Promise<void>;
  read(page: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Gives the place up with everything in it. */
  close(): Promise<void>;
}

/**
 * The closed chunks of one block range, bytes in pages and everything else in columns. Chunks are
 * only added; the window goes as a whole when its block is durable. Full pages may be moved out of
 * memory: nobody looks at them before the window is copied.
 */
export class ClosedWindow {
  /** First time of the range. */
  readonly startMs: number;
  /** Number of chunks: the entries of the columns that are in use. */
  count = 0;
  samples = 0;
  /** Time of the oldest sample; Infinity while there is none. */
  minMs = Infinity;
  /** Series slot of each chunk. */
  series: Uint32Array<ArrayBuffer> = new Uint32Array(initialChunks);
  /** Times of the first and of the last sample, as distance from {@link startMs}. */
  mintOffset: Uint32Array<ArrayBuffer> = new Uint32Array(initialChunks);
  maxtOffset: Uint32Array<ArrayBuffer> = new Uint32Array(initialChunks);
  /** `page << pageBits | offset` of the chunk data, count included. */
  address: Uint32Array<ArrayBuffer> = new Uint32Array(initialChunks);
  length: Uint16Array<ArrayBuffer> = new Uint16Array(initialChunks);
  /** Pages in memory; undefined for those that were moved out, which come first. */
  readonly #pages: (Uint8Array<ArrayBuffer> | undefined)[] = [];
  /** The last page. */
  #page = new DataView(new ArrayBuffer(0));
  #pageUsed = pageBytes;
  #movedOut = 0;
  #outside: PageStore | undefined;
  #isClosed = false;

  constructor(startMs: number) {
    this.startMs = startMs;
  }

  /**
   * Copies the chunk `source[start, start + length)` of a series; up to three bytes behind it must
   * be readable.
   */
  add(
    series: number,
    mintMs: number,
    maxtMs: number,
    source: DataView,
    start: number,
    length: number,
  ): void {
    if (this.count === this.series.length) this.#growColumns();
    // Whole words are copied, which for a chunk costs less than a view of its bytes.
    if (this.#pageUsed + length + 3 > pageBytes) {
      const bytes = new Uint8Array(pageBytes);
      this.#pages.push(bytes);
      this.#page = new DataView(bytes.buffer);
      this.#pageUsed = 0;
    }
    const page = this.#pages.length - 1;
    for (let done = 0; done < length; done += 4) {
      this.#page.setInt32(this.#pageUsed + done, source.getInt32(start + done));
    }
    const at = this.count++;
    this.series[at] = series;
    this.mintOffset[at] = mintMs - this.startMs;
    this.maxtOffset[at] = maxtMs - this.startMs;
    this.address[at] = (page << pageBits) | this.#pageUsed;
    this.length[at] = length;
    this.#pageUsed += length;
    this.samples += source.getUint16(start);
    if (mintMs < this.minMs) this.minMs = mintMs;
  }

  /** Full pages in memory: what {@link moveOut} can take. */
  get fullPages(): number {
    return Math.max(0, this.#pages.length - 1 - this.#movedOut);
  }

  /** The page with this number, read back if it was moved out. */
  async page(number: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#pages[number] ?? (await this.#outside!.read(number));
  }

  /** Moves the first full page out of memory; one call at a time. */
  async moveOut(open: () => Promise<PageStore>): Promise<void> {
    const number = this.#movedOut;
    this.#outside ??= await open();
    // The window may be gone meanwhile, and then nothing must be left open behind it.
    if (this.#isClosed) return this.#outside.close();
    await this.#outside.write(number, this.#pages[number]!);
    this.#pages[number] = undefined;
    this.#movedOut = number + 1;
  }

  /** Gives up what the window has outside of memory. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#outside?.close();
  }

  #growColumns(): void {
    const size = this.series.length + (this.series.length >>> 1);
    this.series = grown32(this.series, size);
    this.mintOffset = grown32(this.mintOffset, size);
    this.maxtOffset = grown32(this.maxtOffset, size);
    this.address = grown32(this.address, size);
    const length = new Uint16Array(size);
    length.set(this.length);
    this.length = length;
  }
}

function grown32(column: Uint32Array<ArrayBuffer>, size: number): Uint32Array<ArrayBuffer> {
  const result = new Uint32Array(size);
  result.set(column);
  return result;
}
