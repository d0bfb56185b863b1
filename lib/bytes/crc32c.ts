/** Castagnoli polynomial, reflected: the checksum of every Prometheus file format. */
const polynomial = 0x82f63b78;

/** Sixteen lookup tables of 256 entries: slice-by-16, one table per byte of a 16-byte step. */
const slices = 16;
const tables = new Int32Array(buildTables().buffer);
/** Shorter input is not worth a view. */
const leastForView = 64;

function buildTables(): Uint32Array {
  const result = new Uint32Array(slices * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    result[byte] = crc >>> 0;
  }
  for (let table = 1; table < slices; table++) {
    for (let byte = 0; byte < 256; byte++) {
      const previous = result[(table - 1) * 256 + byte]!;
      result[table * 256 + byte] = (previous >>> 8) ^ result[previous & 0xff]!;
    }
  }
  return result;
}

/**
 * CRC32C (init and final xor 0xFFFFFFFF) of `bytes[start, end)`.
 * Pass the checksum so far as `seed` to continue over several pieces.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  const t = tables;
  let crc = ~seed;
  let at = start;
  if (end - start >= leastForView) {
    const stop = start + ((end - start) & -slices);
    crc = sixteenAtOnce(
      new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      start,
      stop,
      crc,
    );
    at = stop;
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}

/** Goes on with `crc` over `[start, end)`, a multiple of sixteen bytes. */
function sixteenAtOnce(view: DataView, start: number, end: number, seed: number): number {
  const t = tables;
  let crc = seed;
  for (let at = start; at < end; at += slices) {
    const a = crc ^ view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true);
    const d = view.getInt32(at + 12, true);
    const rest =
      t[2816 + (b & 0xff)]! ^
      t[2560 + ((b >>> 8) & 0xff)]! ^
      t[2304 + ((b >>> 16) & 0xff)]! ^
      t[2048 + (b >>> 24)]! ^
      t[1792 + (c & 0xff)]! ^
      t[1536 + ((c >>> 8) & 0xff)]! ^
      t[1280 + ((c >>> 16) & 0xff)]! ^
      t[1024 + (c >>> 24)]! ^
      t[768 + (d & 0xff)]! ^
      t[512 + ((d >>> 8) & 0xff)]! ^
      t[256 + ((d >>> 16) & 0xff)]! ^
      t[d >>> 24]!;
    // Only these four have to wait for the step before.
    crc =
      rest ^
      (t[3840 + (a & 0xff)]! ^ t[3584 + ((a >>> 8) & 0xff)]!) ^
      (t[3328 + ((a >>> 16) & 0xff)]! ^ t[3072 + (a >>> 24)]!);
  }
  return crc;
}
