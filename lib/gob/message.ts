import { ByteWriter } from '../bytes/index.ts';

/** Room for the longest length, kept free in front of a message's content. */
const gapBytes = 9;

/** Takes whole messages; what it is given is valid only during the call. */
export interface MessageSink {
  bytes(message: Uint8Array): unknown;
}

/** A writer for the content of one message or piece, with room for its length before it. */
export function newMessage(capacity = 128): ByteWriter {
  return new ByteWriter(capacity + gapBytes).zeros(gapBytes);
}

/** What is written so far, with its length in front: a view that the next write makes invalid. */
export function frameMessage(message: ByteWriter): Uint8Array {
  const bytes = message.finish();
  let length = message.length - gapBytes;
  if (length < 0x80) {
    bytes[gapBytes - 1] = length;
    return bytes.subarray(gapBytes - 1);
  }
  let start = gapBytes;
  for (; length > 0; length = Math.floor(length / 256)) bytes[--start] = length % 256;
  const count = gapBytes - start;
  bytes[--start] = 0x100 - count;
  return bytes.subarray(start);
}

/** Ends the message here and begins the next one in the same memory. */
export function flushMessage(message: ByteWriter, sink: MessageSink): void {
  sink.bytes(frameMessage(message));
  restartMessage(message);
}

/** Forgets what is written and begins a message in the same memory. */
export function restartMessage(message: ByteWriter): ByteWriter {
  return message.reset().zeros(gapBytes);
}
