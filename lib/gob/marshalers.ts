import { ByteReader, ByteWriter } from '../bytes/index.ts';
import { GobError } from './errors.ts';
import { decodeText } from './scalar.ts';

/** Seconds from 0001-01-01T00:00:00Z, Go's zero time, to 1970. */
const unixEpochSeconds = 62_135_596_800;
/** The zone offset that stands for UTC itself, in minutes. */
const utcMarker = -1;
const encoder = new TextEncoder();

/** Go's `time.Time` on the wire. */
export interface GoTime {
  /** May be negative; Go's zero time is -62135596800. */
  readonly unixSeconds: number;
  /** 0..999,999,999. */
  readonly nanoseconds: number;
  /** Seconds east of UTC, or undefined for UTC. */
  readonly offsetSeconds?: number | undefined;
}

/** Reads the bytes of a `time.Time` (a `gob` marshaler), versions 1 and 2. */
export function decodeGoTime(bytes: Uint8Array): GoTime {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const seconds = reader.i64be();
  const nanoseconds = reader.u32be();
  const offsetMinutes = (reader.u16be() << 16) >> 16;
  const extraSeconds = version === 2 ? (reader.u8() << 24) >> 24 : 0;
  const isKnown = version === 1 || version === 2;
  if (reader.error !== undefined || !isKnown || reader.remaining > 0 || nanoseconds > 999_999_999) {
    throw new GobError('GOB_BAD_VALUE', `not a Go time (${String(bytes.length)} bytes)`, {
      cause: reader.error,
    });
  }
  const time = { unixSeconds: seconds - unixEpochSeconds, nanoseconds };
  if (offsetMinutes === utcMarker && extraSeconds === 0) return time;
  return { ...time, offsetSeconds: offsetMinutes * 60 + extraSeconds };
}

/** The bytes of a `time.Time`, for a `marshaler('gob')`. */
export function encodeGoTime(time: GoTime): Uint8Array {
  const { unixSeconds, nanoseconds, offsetSeconds } = time;
  if (!(nanoseconds >= 0 && nanoseconds <= 999_999_999)) {
    throw new GobError('GOB_UNENCODABLE', `${String(nanoseconds)} nanoseconds`);
  }
  const offsetMinutes = offsetSeconds === undefined ? utcMarker : Math.trunc(offsetSeconds / 60);
  const isTaken = offsetSeconds !== undefined && offsetMinutes === utcMarker;
  if (offsetMinutes < -32_768 || offsetMinutes > 32_767 || isTaken) {
    throw new GobError('GOB_UNENCODABLE', `zone offset of ${String(offsetSeconds)} seconds`);
  }
  const extraSeconds = offsetSeconds === undefined ? 0 : offsetSeconds % 60;
  const writer = new ByteWriter(16)
    .u8(extraSeconds === 0 ? 1 : 2)
    .i64be(unixSeconds + unixEpochSeconds)
    .u32be(nanoseconds)
    .u16be(offsetMinutes & 0xffff);
  if (extraSeconds !== 0) writer.u8(extraSeconds & 0xff);
  return writer.finish().slice();
}

/** The text of a `url.URL` (a `binary` marshaler). */
export function decodeGoUrl(bytes: Uint8Array): string {
  return decodeText(bytes);
}

/** The bytes of a `url.URL`, for a `marshaler('binary')`. */
export function encodeGoUrl(url: string): Uint8Array {
  return encoder.encode(url);
}
