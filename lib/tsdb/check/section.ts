import { ByteReader, crc32c } from '../../bytes/index.ts';
import type { ByteSource } from '../byte-source.ts';
import { TsdbError } from '../errors.ts';
import { maxIndexSectionBytes } from '../limits.ts';
import type { Findings } from './finding.ts';
import { zerosWindowBytes } from './limits.ts';

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
  const framed = source.read(start + 4, length + 4);
  if (crc32c(framed, 0, length) !== new ByteReader(framed, length).u32be()) {
    throw new TsdbError('TSDB_BAD_CHECKSUM', 'section checksum differs', { offset: start });
  }
  return { content: framed.subarray(0, length), end };
}

/** Tells when `[from, to)` is not all zero. */
export function checkZeros(
  source: ByteSource,
  from: number,
  to: number,
  path: string,
  findings: Findings,
): void {
  for (let at = from; at < to; at += zerosWindowBytes) {
    const bytes = source.read(at, Math.min(zerosWindowBytes, to - at));
    const odd = bytes.findIndex((byte) => byte !== 0);
    if (odd < 0) continue;
    findings.error('CHECK_PADDING', path, 'padding is not zero', at + odd);
    return;
  }
}
