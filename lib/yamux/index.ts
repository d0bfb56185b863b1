export { FrameDecoder, decodeHeader, type FrameSink } from './decode.ts';
export { encodeFrame } from './encode.ts';
export { YamuxError, type YamuxErrorCode } from './errors.ts';
export {
  FrameFlag,
  FrameType,
  GoAwayReason,
  describeHeader,
  headerLength,
  type FrameHeader,
} from './frame.ts';
export { YamuxSession, type SessionOptions } from './session.ts';
export type { YamuxStream } from './stream.ts';
