import { ByteReader, ByteWriter, crc32c } from '../../bytes/index.ts';
import { TsdbError } from '../errors.ts';
import { maxTimeMs, maxTombstonesBytes } from '../limits.ts';

/** A deleted range of times, closed: both ends are deleted. */
export interface Interval {
  readonly mint: number;
  readonly maxt: number;
}

/** Deleted intervals by series ref, sorted and not overlapping. */
export type Tombstones = ReadonlyMap<number, readonly Interval[]>;

const tombstonesMagic = 0x0130ba30;
const tombstonesVersion = 1;
const headerBytes = 5;
const checksumBytes = 4;

/** Reads a tombstones file (docs/format/tombstones.md). */
export function parseTombstones(bytes: Uint8Array): Tombstones {
  if (bytes.length > maxTombstonesBytes) throw new TsdbError('TSDB_LIMIT', 'tombstones too large');
  if (bytes.length < headerBytes + checksumBytes) {
    throw new TsdbError('TSDB_TRUNCATED', 'too short for tombstones', { bytes });
  }
  const header = new ByteReader(bytes);
  if (header.u32be() !== tombstonesMagic) {
    throw new TsdbError('TSDB_BAD_MAGIC', 'not tombstones', { bytes });
  }
  const version = header.u8();
  if (version !== tombstonesVersion) {
    throw new TsdbError('TSDB_BAD_VERSION', `tombstones version ${String(version)}`);
  }
  const end = bytes.length - checksumBytes;
  if (crc32c(bytes, headerBytes, end) !== new ByteReader(bytes, end).u32be()) {
    throw new TsdbError('TSDB_BAD_CHECKSUM', 'tombstones checksum differs');
  }
  return parseEntries(new ByteReader(bytes, headerBytes, end));
}

function parseEntries(reader: ByteReader): Tombstones {
  const found = new Map<number, Interval[]>();
  while (reader.remaining > 0) {
    const { offset } = reader;
    const ref = reader.uvarint();
    const mint = reader.varint();
    const maxt = reader.varint();
    if (reader.error !== undefined) {
      const cause = reader.error;
      throw new TsdbError('TSDB_CORRUPT', `tombstones: ${cause.message}`, { offset, cause });
    }
    if (maxt < mint || mint < -maxTimeMs || maxt > maxTimeMs) {
      throw new TsdbError('TSDB_CORRUPT', 'tombstones: impossible interval', { offset });
    }
    const intervals = found.get(ref);
    if (intervals === undefined) found.set(ref, [{ mint, maxt }]);
    else intervals.push({ mint, maxt });
  }
  return new Map([...found].map(([ref, intervals]) => [ref, unionOf(intervals)]));
}

/** Sorts the intervals and joins those that touch. */
function unionOf(intervals: readonly Interval[]): Interval[] {
  const union: Interval[] = [];
  for (const next of [...intervals].sort((a, b) => a.mint - b.mint)) {
    const last = union.at(-1);
    if (last !== undefined && next.mint <= last.maxt + 1) {
      union[union.length - 1] = { mint: last.mint, maxt: Math.max(last.maxt, next.maxt) };
    } else union.push(next);
  }
  return union;
}

/** The bytes of a tombstones file. */
export function printTombstones(tombstones: Tombstones): Uint8Array {
  const entries = new ByteWriter(64);
  for (const [ref, intervals] of tombstones) {
    for (const { mint, maxt } of intervals) entries.uvarint(ref).varint(mint).varint(maxt);
  }
  const bytes = entries.finish();
  return new ByteWriter(headerBytes + bytes.length + checksumBytes)
    .u32be(tombstonesMagic)
    .u8(tombstonesVersion)
    .bytes(bytes)
    .u32be(crc32c(bytes))
    .finish();
}
