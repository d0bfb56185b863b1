import type { Duplex } from 'node:stream';
import { type Clock, type Timer, systemClock } from '../runtime/index.ts';
import { FrameDecoder } from './decode.ts';
import { encodeFrame } from './encode.ts';
import { YamuxError, type YamuxErrorCode } from './errors.ts';
import {
  FrameFlag,
  type FrameHeader,
  FrameType,
  GoAwayReason,
  SESSION_ID,
  describeHeader,
} from './frame.ts';
import { goAwayFlushMs, maxStreamId, maxStreams, maxUnackedStreams } from './limits.ts';
import { Outbox } from './outbox.ts';
import { Pinger } from './pinger.ts';
import { Lingering } from './lingering.ts';
import { type StreamExit, YamuxStream } from './stream.ts';

export interface SessionOptions {
  /** The client opens odd stream ids, the server even ones; nothing else differs. */
  role: 'client' | 'server';
  /** Takes each stream the peer opens; it is acknowledged already. */
  onStream: (stream: YamuxStream) => void;
  clock?: Clock;
  /** Own pings; without them only the socket tells that the peer is gone. */
  keepAlive?: { intervalMs: number; timeoutMs: number };
  /** For tests. */
  maxStreams?: number;
}

/** Many streams over one socket. The session owns the socket and destroys it at its end. */
export class YamuxSession {
  /** Resolves when the session is over, with the reason; never rejects. */
  readonly closed: Promise<YamuxError>;
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #onStream: (stream: YamuxStream) => void;
  readonly #maxStreams: number;
  readonly #outbox: Outbox;
  readonly #pinger: Pinger;
  readonly #streams = new Map<number, YamuxStream>();
  /** Streams we opened that the peer has not acknowledged. */
  readonly #unacked = new Set<number>();
  readonly #lingering: Lingering;
  /** Who waits for room in it, first come first served. */
  readonly #openers: (() => void)[] = [];
  readonly #peerParity: 0 | 1;
  readonly #owner = {
    wantsToSend: (stream: YamuxStream) => this.#outbox.addSource(stream),
    sendCredit: (stream: YamuxStream, delta: number) => this.#sendUpdate(stream.id, 0, delta),
    streamGone: (stream: YamuxStream, how: StreamExit) => this.#forget(stream, how),
  };
  #nextId: number;
  #hasPeerGoneAway = false;
  #error: YamuxError | undefined;
  #resolveClosed: (reason: YamuxError) => void = () => undefined;
  /** The data frame whose body is arriving. */
  #incoming: { stream: YamuxStream | undefined; header: FrameHeader } | undefined;
  #goAwayTimer: Timer | undefined;

  constructor(socket: Duplex, options: SessionOptions) {
    this.#socket = socket;
    this.#clock = options.clock ?? systemClock;
    this.#onStream = options.onStream;
    this.#maxStreams = options.maxStreams ?? maxStreams;
    this.#nextId = options.role === 'client' ? 1 : 2;
    this.#peerParity = options.role === 'client' ? 0 : 1;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#outbox = new Outbox(socket, (isHigh) => (isHigh ? socket.pause() : socket.resume()));
    this.#pinger = new Pinger(
      this.#clock,
      (flags, value) => this.#sendPing(flags, value),
      (error) => this.#fail(error, undefined),
    );
    this.#lingering = new Lingering(this.#clock, (id) => this.#sendUpdate(id, FrameFlag.rst, 0));
    if (options.keepAlive !== undefined) this.#pinger.keepAlive(options.keepAlive);
    this.#listen();
  }

  /** Streams that are open in at least one direction. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Opens a stream; it may be written to at once. Throws when the session cannot take another. */
  open(): YamuxStream {
    if (this.#error !== undefined) throw this.#error;
    if (this.#hasPeerGoneAway)
      throw new YamuxError('YAMUX_GO_AWAY', 'the peer takes no new streams');
    if (this.#streams.size >= this.#maxStreams) {
      throw new YamuxError(
        'YAMUX_TOO_MANY_STREAMS',
        `${String(this.#maxStreams)} streams are open`,
      );
    }
    if (this.#unacked.size >= maxUnackedStreams) {
      const text = `${String(maxUnackedStreams)} streams wait for the peer`;
      throw new YamuxError('YAMUX_BACKLOG_FULL', text);
    }
    const id = this.#nextId;
    if (id > maxStreamId) throw new YamuxError('YAMUX_IDS_USED_UP', 'no stream id is left');
    this.#nextId += 2;
    const stream = new YamuxStream(id, this.#owner);
    this.#streams.set(id, stream);
    this.#unacked.add(id);
    this.#sendUpdate(id, FrameFlag.syn, 0);
    return stream;
  }

  /** As {@link open}, but waits while too many streams are not acknowledged yet. */
  async openSoon(): Promise<YamuxStream> {
    while (this.#unacked.size >= maxUnackedStreams && this.#error === undefined) {
      if (this.#openers.length >= this.#maxStreams) break;
      await new Promise<void>((resolve) => {
        this.#openers.push(resolve);
      });
    }
    return this.open();
  }

  /** Milliseconds until the peer answers. */
  ping(): Promise<number> {
    return this.#error === undefined ? this.#pinger.ping() : Promise.reject(this.#error);
  }

  /** Ends the session and the socket; what is not sent yet is dropped. */
  close(): void {
    this.#finish(new YamuxError('YAMUX_SESSION_CLOSED', 'the session was closed'));
    this.#socket.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    const decoder = new FrameDecoder({
      header: (header) => this.#receiveHeader(header),
      body: (piece, isLast) => this.#receiveBody(piece, isLast),
    });
    socket.on('data', (chunk: Uint8Array) => {
      if (this.#error !== undefined) return;
      try {
        decoder.feed(chunk);
      } catch (error) {
        if (!(error instanceof YamuxError)) throw error;
        this.#fail(error, GoAwayReason.protocolError);
      }
    });
    const gone = (text: string, cause?: Error) => {
      this.#finish(new YamuxError('YAMUX_SESSION_CLOSED', text, { cause }));
      socket.destroy();
    };
    socket.on('end', () => gone('the peer closed the connection'));
    socket.on('close', () => gone('the connection was closed'));
    socket.on('error', (cause) => gone(`the connection failed: ${cause.message}`, cause));
  }

  #receiveHeader(header: FrameHeader): void {
    // After a failure in the middle of a chunk the rest of it is still handed here.
    if (this.#error !== undefined) return;
    switch (header.type) {
      case FrameType.ping:
        this.#pinger.receive(header);
        break;
      case FrameType.goAway:
        this.#receiveGoAway(header.length);
        break;
      case FrameType.windowUpdate: {
        const stream = this.#route(header);
        if (stream?.addCredit(header.length) === false) {
          throw this.#violation('YAMUX_CREDIT_OVERFLOW', 'more credit than can be counted', header);
        }
        this.#applyEnd(stream, header);
        break;
      }
      case FrameType.data:
        this.#receiveDataHeader(header);
        break;
    }
  }

  #receiveDataHeader(header: FrameHeader): void {
    const stream = this.#route(header);
    if (stream?.takeCredit(header.length) === false) {
      throw this.#violation('YAMUX_WINDOW_EXCEEDED', 'more bytes than the credit allows', header);
    }
    this.#incoming = { stream, header };
    if (header.length === 0) this.#receiveBody(new Uint8Array(0), true);
  }

  #receiveBody(piece: Uint8Array, isLast: boolean): void {
    const incoming = this.#incoming;
    if (incoming === undefined || this.#error !== undefined) return;
    if (piece.length > 0) incoming.stream?.receive(piece);
    if (!isLast) return;
    this.#incoming = undefined;
    this.#applyEnd(incoming.stream, incoming.header);
  }

  /** Opens, acknowledges or resets as the flags say; undefined for a stream we do not know (any more). */
  #route(header: FrameHeader): YamuxStream | undefined {
    const { flags, streamId } = header;
    if ((flags & FrameFlag.syn) !== 0) return this.#accept(header);
    const stream = this.#streams.get(streamId);
    if ((flags & FrameFlag.ack) !== 0) this.#acknowledged(streamId);
    if ((flags & FrameFlag.rst) !== 0) {
      stream?.fail(new YamuxError('YAMUX_STREAM_RESET', 'the peer reset the stream', { streamId }));
    }
    if (stream === undefined) this.#lingering.receive(header);
    return (flags & FrameFlag.rst) === 0 ? stream : undefined;
  }

  #accept(header: FrameHeader): YamuxStream | undefined {
    const { streamId } = header;
    if (streamId === SESSION_ID || streamId % 2 !== this.#peerParity) {
      throw this.#violation('YAMUX_BAD_STREAM_ID', 'a stream id that is not the peer’s', header);
    }
    if (this.#streams.has(streamId)) {
      throw this.#violation('YAMUX_DUPLICATE_STREAM', 'a stream opened twice', header);
    }
    // Opened and given up in one frame: there is nothing to hand out and nobody to answer.
    if ((header.flags & FrameFlag.rst) !== 0) return undefined;
    if (this.#hasRoom()) {
      const stream = new YamuxStream(streamId, this.#owner);
      this.#streams.set(streamId, stream);
      this.#sendUpdate(streamId, FrameFlag.ack, 0);
      this.#onStream(stream);
      return stream;
    }
    this.#sendUpdate(streamId, FrameFlag.rst, 0);
    return undefined;
  }

  #hasRoom(): boolean {
    return this.#streams.size < this.#maxStreams;
  }

  #applyEnd(stream: YamuxStream | undefined, header: FrameHeader): void {
    if (stream === undefined || (header.flags & FrameFlag.fin) === 0) return;
    if (!stream.receiveEnd())
      throw this.#violation('YAMUX_BAD_FLAG', 'a stream ended twice', header);
  }

  #receiveGoAway(reason: number): void {
    if (reason === GoAwayReason.normal) {
      this.#hasPeerGoneAway = true;
      return;
    }
    const text = `the peer ended the session with reason ${String(reason)}`;
    this.#fail(new YamuxError('YAMUX_GO_AWAY', text), undefined);
  }

  #sendUpdate(streamId: number, flags: number, delta: number): void {
    this.#outbox.sendControl({ type: FrameType.windowUpdate, flags, streamId, length: delta });
  }

  #sendPing(flags: number, value: number): void {
    this.#outbox.sendControl({ type: FrameType.ping, flags, streamId: SESSION_ID, length: value });
  }

  #forget(stream: YamuxStream, how: StreamExit): void {
    this.#outbox.removeSource(stream);
    this.#streams.delete(stream.id);
    this.#acknowledged(stream.id);
    if (how === 'reset') this.#sendUpdate(stream.id, FrameFlag.rst, 0);
    if (how === 'linger') this.#lingering.add(stream.id);
  }

  #acknowledged(streamId: number): void {
    if (this.#unacked.delete(streamId)) this.#openers.shift()?.();
  }

  #violation(code: YamuxErrorCode, text: string, header: FrameHeader): YamuxError {
    const detail = { streamId: header.streamId };
    return new YamuxError(code, `${text}: ${describeHeader(header)}`, detail);
  }

  /** Tells the peer why, if there is a reason to tell, and drops the socket. */
  #fail(error: YamuxError, reason: number | undefined): void {
    if (this.#error !== undefined) return;
    this.#finish(error);
    const socket = this.#socket;
    if (reason === undefined || socket.writableNeedDrain || !socket.writable) {
      socket.destroy();
      return;
    }
    const header = { type: FrameType.goAway, flags: 0, streamId: SESSION_ID, length: reason };
    this.#goAwayTimer = this.#clock.setTimer(goAwayFlushMs, () => socket.destroy());
    socket.write(encodeFrame(header), () => {
      this.#goAwayTimer?.cancel();
      socket.destroy();
    });
  }

  #finish(error: YamuxError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#outbox.stop();
    this.#pinger.stop(error);
    for (const stream of [...this.#streams.values()]) stream.fail(error);
    this.#lingering.stop();
    for (const wake of this.#openers.splice(0)) wake();
    this.#resolveClosed(error);
  }
}
