import { ByteReader, crc32c } from '../../bytes/index.ts';
import type { ByteSource } from '../byte-source.ts';
import { TsdbError } from '../errors.ts';
import { maxIndexSectionBytes } from '../limits.ts';
import type { Findings } from './finding.ts';

/** Content of an index section at `start`, checked, and the first byte behind its checksum. */
export function readSection(source: ByteSource, start: number, limit: number) {
  if (start + 8 > limit) {
    throw new TsdbError('TSDB_TRUNCATED', 'no room for a section', { offset: start });
  }
  const length = new ByteReader(source.read(start, 4)).u32be();
  const end = start + 4 + length + 4;
  if (end > limit) {
    throw new TsdbError('TSDB_CORRUPT', 'section reaches beyond its bounds', { offset: start });
  }
  if (length > maxIndexSectionBytes) {
    throw new TsdbError('TSDB_LIMIT', 'index section too large', { offset: start });
  }
  if (length < 4) {
    // Zeros read as sections without content, and a file may have billions of them.
    throw new TsdbError('TSDB_CORRUPT', 'section without a count', { offset: start });
  }
  const framed = source.read(start + 4, length + 4);
  if (crc32c(framed, 0, length) !== new ByteReader(framed, length).u32be()) {
    throw new TsdbError('TSDB_BAD_CHECKSUM', 'section checksum differs', { offset: start });
  }
  return { content: framed.subarray(0, length), end };
}

/** Sections and entries begin at multiples of at most 16. */
const longestPadding = 15;

/** Tells when `[from, to)` is not padding: a few zeros. */
export function checkPadding(
  source: ByteSource,
  from: number,
  to: number,
  path: string,
  findings: Findings,
): void {
  if (from >= to) return;
  if (to - from > longestPadding) {
    const message = `${String(to - from)} bytes that belong to nothing`;
    findings.error('CHECK_TRAILING', path, message, from);
  } else if (source.read(from, to - from).some((byte) => byte !== 0)) {
    findings.error('CHECK_PADDING', path, 'padding is not zero', from);
  }
}
