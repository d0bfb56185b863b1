// The format is drawn in docs/format/wire.md.

/** Bytes of a frame header: version, type, flags, stream id, length; all big endian. */
export const headerLength = 12;

/** The only version there is. */
export const PROTOCOL_VERSION = 0;

/** Frame types; only data has a body. */
export const FrameType = { data: 0, windowUpdate: 1, ping: 2, goAway: 3 } as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** Flags of a frame; they may be combined. */
export const FrameFlag = { syn: 1, ack: 2, fin: 4, rst: 8 } as const;

/** Reasons of a go-away frame. */
export const GoAwayReason = { normal: 0, protocolError: 1, internalError: 2 } as const;

/** The session itself, where a frame is about no stream. */
export const SESSION_ID = 0;

/** What `length` means depends on the type: body bytes, credit, an opaque number, a reason. */
export interface FrameHeader {
  type: FrameType;
  flags: number;
  streamId: number;
  length: number;
}

/** One line for error texts: `data SYN|FIN stream 3 length 12`. */
export function describeHeader(header: FrameHeader): string {
  const type = Object.entries(FrameType).find(([, value]) => value === header.type)?.[0] ?? '?';
  const flags = Object.entries(FrameFlag)
    .filter(([, bit]) => (header.flags & bit) !== 0)
    .map(([name]) => name.toUpperCase())
    .join('|');
  const parts = [
    type,
    flags,
    `stream ${String(header.streamId)}`,
    `length ${String(header.length)}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}
