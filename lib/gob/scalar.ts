import type { ByteReader, ByteWriter } from '../bytes/index.ts';
import { GobError } from './errors.ts';
import type { GobValue } from './value.ts';

const maxUint64 = (1n << 64n) - 1n;
const maxInt64 = (1n << 63n) - 1n;
const minInt64 = -(1n << 63n);
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();
const floatView = new DataView(new ArrayBuffer(8));

/** A number when it is a safe integer, else the bigint itself. */
function narrow(value: bigint): number | bigint {
  return value <= maxSafe && value >= -maxSafe ? Number(value) : value;
}

/**
 * Reads the raw bytes of an unsigned integer: one byte below 0x80, or the negated count of the big
 * endian bytes that follow.
 */
function readUintBytes(reader: ByteReader): number | Uint8Array {
  const first = reader.u8();
  reader.check();
  if (first < 0x80) return first;
  const count = 0x100 - first;
  if (count > 8) {
    throw new GobError('GOB_BAD_INTEGER', `integer of ${String(count)} bytes`, {
      offset: reader.offset - 1,
    });
  }
  const bytes = reader.bytes(count);
  reader.check();
  return bytes;
}

export function readUint(reader: ByteReader): number | bigint {
  const bytes = readUintBytes(reader);
  if (typeof bytes === 'number') return bytes;
  if (bytes.length <= 6) return bytes.reduce((value, byte) => value * 256 + byte, 0);
  return narrow(bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n));
}

export function readInt(reader: ByteReader): number | bigint {
  const value = readUint(reader);
  if (typeof value === 'number') {
    return value % 2 === 0 ? value / 2 : -(value - 1) / 2 - 1;
  }
  return narrow((value & 1n) === 0n ? value >> 1n : ~(value >> 1n));
}

/** An unsigned integer that counts something held in memory. */
export function readCount(reader: ByteReader): number {
  const count = readUint(reader);
  if (typeof count === 'bigint') {
    throw new GobError('GOB_BAD_COUNT', `count ${String(count)}`, { offset: reader.offset });
  }
  return count;
}

/** A type id: a signed integer of 32 bits. */
export function readTypeId(reader: ByteReader): number {
  const id = readInt(reader);
  if (typeof id === 'bigint' || Math.abs(id) > 0x7fffffff) {
    throw new GobError('GOB_BAD_TYPE', `type id ${String(id)}`, { offset: reader.offset });
  }
  return id;
}

/** IEEE 754 bits with their bytes reversed, so that round numbers are short. */
export function readFloat(reader: ByteReader): number {
  const bytes = readUintBytes(reader);
  floatView.setBigUint64(0, 0n);
  if (typeof bytes === 'number') floatView.setUint8(7, bytes);
  else bytes.forEach((byte, at) => floatView.setUint8(8 - bytes.length + at, byte));
  return floatView.getFloat64(0, true);
}

export function readBool(reader: ByteReader): boolean {
  const value = readUint(reader);
  if (value === 0) return false;
  if (value === 1) return true;
  throw new GobError('GOB_BAD_VALUE', `bool ${String(value)}`, { offset: reader.offset });
}

/** A view of counted bytes. */
export function readBytes(reader: ByteReader): Uint8Array {
  const bytes = reader.bytes(readCount(reader));
  reader.check();
  return bytes;
}

/** Go strings are UTF-8 by convention only: malformed bytes become U+FFFD rather than an error. */
export function readString(reader: ByteReader): string {
  return decodeText(readBytes(reader));
}

/** Text as {@link readString} reads it; a byte order mark is a character like any other. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Types whose values hold no others. */
export type ScalarKind = 'bool' | 'int' | 'uint' | 'float' | 'bytes' | 'string' | 'complex';

/** A value of its own: bytes are copied. */
export function readScalar(reader: ByteReader, kind: ScalarKind): GobValue {
  switch (kind) {
    case 'bool':
      return readBool(reader);
    case 'int':
      return readInt(reader);
    case 'uint':
      return readUint(reader);
    case 'float':
      return readFloat(reader);
    case 'bytes':
      return readBytes(reader).slice();
    case 'string':
      return readString(reader);
    case 'complex':
      return { re: readFloat(reader), im: readFloat(reader) };
  }
}

export function writeUint(writer: ByteWriter, value: number | bigint): void {
  if (typeof value === 'number' && value >= 0 && value < 0x80) {
    writer.u8(value);
    return;
  }
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) {
    writeSafeUint(writer, value);
    return;
  }
  const rest: number[] = [];
  for (let left = toBigInt(value, 0n, maxUint64); left > 0n; left >>= 8n) {
    rest.push(Number(left & 0xffn));
  }
  if (rest.length === 0 || (rest.length === 1 && rest[0]! < 0x80)) {
    writer.u8(rest[0] ?? 0);
    return;
  }
  writer.u8(0x100 - rest.length);
  for (let at = rest.length - 1; at >= 0; at--) writer.u8(rest[at]!);
}

/** The same without big integers, for almost all numbers there are. */
function writeSafeUint(writer: ByteWriter, value: number): void {
  let scale = 1;
  let count = 1;
  while (value / scale >= 256) {
    scale *= 256;
    count++;
  }
  writer.u8(0x100 - count);
  for (; count > 0; count--, scale /= 256) writer.u8(Math.floor(value / scale) % 256);
}

export function writeInt(writer: ByteWriter, value: number | bigint): void {
  if (typeof value === 'number' && value >= -64 && value < 64 && Number.isInteger(value)) {
    writer.u8(value < 0 ? -2 * value - 1 : 2 * value);
    return;
  }
  if (typeof value === 'number' && Math.abs(value) < 2 ** 51 && Number.isInteger(value)) {
    writeSafeUint(writer, value < 0 ? -2 * value - 1 : 2 * value);
    return;
  }
  const wide = toBigInt(value, minInt64, maxInt64);
  writeUint(writer, wide < 0n ? (~wide << 1n) | 1n : wide << 1n);
}

export function writeFloat(writer: ByteWriter, value: number): void {
  floatView.setFloat64(0, value, true);
  writeUint(writer, floatView.getBigUint64(0));
}

export function writeBool(writer: ByteWriter, value: boolean): void {
  writer.u8(value ? 1 : 0);
}

export function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writeUint(writer, bytes.length);
  writer.bytes(bytes);
}

export function writeString(writer: ByteWriter, text: string): void {
  writeBytes(writer, encoder.encode(text));
}

function toBigInt(value: number | bigint, min: bigint, max: bigint): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new GobError('GOB_UNENCODABLE', `${String(value)} is not a safe integer`);
  }
  const wide = BigInt(value);
  if (wide < min || wide > max) {
    throw new GobError('GOB_UNENCODABLE', `integer ${String(value)} out of range`);
  }
  return wide;
}
