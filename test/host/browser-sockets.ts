import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketEvent } from './api-server.ts';
import type { User } from './accounts.ts';

/** RFC 6455, 1.3: what a server adds to the key of a browser to show that it speaks the protocol. */
const keyEnding = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** First bytes of whole messages: text, and the end of the connection. */
const textFrame = 0x81;
const closeFrame = 0x88;
const opcodeBits = 0x0f;

/** RFC 6455, 5.2: lengths that stand in the second byte, and the mark of one in two bytes more. */
const maxShortLength = 125;
const twoByteLength = 126;
const maxTwoByteLength = 0xff_ff;

/**
 * The sockets of the browsers that are connected to one server, `/api/v4/websocket`: they get the events
 * that plugins publish. What browsers say is not read, but that they go.
 */
export class BrowserSockets {
  readonly #open = new Map<Duplex, { user: User; sent: number }>();

  /** Takes a connection over that asks to become a socket. `user` is who is signed in, if anybody is. */
  accept(request: IncomingMessage, socket: Duplex, user: User | undefined): void {
    const key = request.headers['sec-websocket-key'];
    socket.on('error', () => socket.destroy());
    if (user === undefined || key === undefined) {
      socket.end(`HTTP/1.1 ${user === undefined ? '401 Unauthorized' : '400 Bad Request'}\r\n\r\n`);
      return;
    }
    const accept = createHash('sha1')
      .update(key + keyEnding)
      .digest('base64');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    this.#open.set(socket, { user, sent: 0 });
    socket.once('close', () => this.#open.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      if (((bytes[0] ?? 0) & opcodeBits) === (closeFrame & opcodeBits)) this.#end(socket);
    });
    this.#send(socket, 'hello', {});
  }

  /** Hands an event on to the browsers of whom it is for. */
  send({ name, payload, isForAdmins, userId }: WebSocketEvent): void {
    for (const [socket, { user }] of this.#open) {
      const isMeant = userId === '' || userId === user.id;
      if (isMeant && (user.isAdmin || !isForAdmins)) this.#send(socket, name, payload);
    }
  }

  /** Cuts all of them. */
  close(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #send(socket: Duplex, event: string, payload: unknown): void {
    const state = this.#open.get(socket);
    if (state === undefined) return;
    socket.write(textMessage(JSON.stringify({ event, data: payload, seq: state.sent++ })));
  }

  #end(socket: Duplex): void {
    socket.end(Buffer.of(closeFrame, 0));
  }
}

function textMessage(text: string): Buffer {
  const body = Buffer.from(text);
  if (body.length > maxTwoByteLength) throw new Error('an event of more than 64 KiB');
  if (body.length <= maxShortLength) {
    return Buffer.concat([Buffer.of(textFrame, body.length), body]);
  }
  const head = Buffer.of(textFrame, twoByteLength, body.length >> 8, body.length & 0xff);
  return Buffer.concat([head, body]);
}
