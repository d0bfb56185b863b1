export type { ByteStream } from './byte-stream.ts';
export {
  StreamDestroyedError,
  byteStreamPair,
  type ByteStreamPairOptions,
} from './byte-stream-pair.ts';
export { compareBytes, compareUtf8 } from './compare.ts';
export { crc32c } from './crc32c.ts';
export { BytesError, type BytesErrorCode } from './errors.ts';
export { fromHex, toHex } from './hex.ts';
export { ByteReader } from './reader.ts';
export { ByteWriter } from './writer.ts';
