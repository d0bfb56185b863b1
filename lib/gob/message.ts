import { ByteWriter } from '../bytes/index.ts';
import { writeUint } from './scalar.ts';

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
  const length = new ByteWriter(gapBytes);
  writeUint(length, message.length - gapBytes);
  const bytes = message.finish();
  const start = gapBytes - length.length;
  bytes.set(length.finish(), start);
  return bytes.subarray(start);
}

/** Ends the message here and begins the next one in the same memory. */
export function flushMessage(message: ByteWriter, sink: MessageSink): void {
  sink.bytes(frameMessage(message));
  message.reset().zeros(gapBytes);
}
