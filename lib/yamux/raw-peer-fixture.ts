import { type Duplex, duplexPair } from 'node:stream';
import { FrameDecoder } from './decode.ts';
import { encodeFrame } from './encode.ts';
import { FrameFlag, type FrameHeader, FrameType, describeHeader } from './frame.ts';
import { YamuxSession, type SessionOptions } from './session.ts';
import type { YamuxStream } from './stream.ts';

/** A session and, at the other end of its socket, a peer that sends and sees bare frames. */
export function sessionWithRawPeer(options: Partial<SessionOptions> = {}) {
  const [near, far] = duplexPair({ highWaterMark: 64 * 1024 });
  const accepted: YamuxStream[] = [];
  const session = new YamuxSession(near, {
    role: 'server',
    onStream: (stream) => accepted.push(stream),
    ...options,
  });
  return { session, accepted, peer: new RawPeer(far), near };
}

/** Speaks frames by hand and keeps what it received. */
export class RawPeer {
  readonly socket: Duplex;
  readonly headers: FrameHeader[] = [];
  /** Body bytes received per stream. */
  readonly bodies = new Map<number, number>();

  constructor(socket: Duplex) {
    this.socket = socket;
    const decoder = new FrameDecoder({
      header: (header) => this.headers.push(header),
      body: (piece) => {
        const id = this.headers.at(-1)?.streamId ?? 0;
        this.bodies.set(id, (this.bodies.get(id) ?? 0) + piece.length);
      },
    });
    socket.on('data', (chunk: Uint8Array) => decoder.feed(chunk));
    socket.on('error', () => undefined);
  }

  get seen(): string[] {
    return this.headers.map(describeHeader);
  }

  send(header: Partial<FrameHeader>, body?: Uint8Array): void {
    const full = { type: FrameType.windowUpdate, flags: 0, streamId: 0, length: 0, ...header };
    this.socket.write(encodeFrame(full, body));
  }

  open(streamId: number): void {
    this.send({ flags: FrameFlag.syn, streamId });
  }

  sendData(streamId: number, body: Uint8Array, flags = 0): void {
    this.send({ type: FrameType.data, flags, streamId, length: body.length }, body);
  }
}

/** Two sessions over one in-memory connection. */
export function sessionPair(options: Partial<SessionOptions> = {}) {
  const [left, right] = duplexPair({ highWaterMark: 64 * 1024 });
  const clientAccepted: YamuxStream[] = [];
  const serverAccepted: YamuxStream[] = [];
  const client = new YamuxSession(left, {
    role: 'client',
    onStream: (stream) => clientAccepted.push(stream),
    ...options,
  });
  const server = new YamuxSession(right, {
    role: 'server',
    onStream: (stream) => serverAccepted.push(stream),
    ...options,
  });
  return { client, server, clientAccepted, serverAccepted };
}

/** Lets everything that is in flight arrive. */
export async function settle(turns = 10): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Reads `stream` to its end. */
export async function readAll(stream: YamuxStream): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = await stream.read();
    if (piece === undefined) return Buffer.concat(pieces);
    pieces.push(piece);
  }
}
