import { type FrameHeader, PROTOCOL_VERSION, headerLength } from './frame.ts';

/** Writes `header` at `at`; the target must have room for {@link headerLength} bytes. */
export function encodeHeaderInto(target: Uint8Array, at: number, header: FrameHeader): void {
  const view = new DataView(target.buffer, target.byteOffset + at, headerLength);
  view.setUint8(0, PROTOCOL_VERSION);
  view.setUint8(1, header.type);
  view.setUint16(2, header.flags);
  view.setUint32(4, header.streamId);
  view.setUint32(8, header.length);
}

/** The bytes of a frame; `body` only for data frames, its length being the header's. */
export function encodeFrame(header: FrameHeader, body?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerLength + (body?.length ?? 0));
  encodeHeaderInto(bytes, 0, header);
  if (body !== undefined) bytes.set(body, headerLength);
  return bytes;
}
