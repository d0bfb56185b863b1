import type { ByteStream } from '../bytes/index.ts';
import { assert } from '../runtime/index.ts';
import { YamuxError } from './errors.ts';
import { FrameFlag, FrameType } from './frame.ts';
import { initialWindowBytes, maxFrameBodyBytes, windowUpdateThresholdBytes } from './limits.ts';
import type { FrameSource, OutFrame } from './outbox.ts';
import { ReceiveBuffer } from './receive-buffer.ts';

/** What a stream asks of its session. */
export interface StreamOwner {
  /** The stream has frames to send. */
  wantsToSend(stream: YamuxStream): void;
  /** Gives the peer more credit. */
  sendCredit(stream: YamuxStream, delta: number): void;
  /** The stream takes and gives nothing more. */
  streamGone(stream: YamuxStream, how: StreamExit): void;
}

/**
 * How a stream leaves: both sides have ended it, or the peer or the session dropped it (`done`); we
 * give it up and the peer must know (`reset`); we give it up after our own end, so that the peer's
 * end is probably on its way and a reset would only cross it (`linger`).
 */
export type StreamExit = 'done' | 'reset' | 'linger';

interface PendingRead {
  resolve: (bytes: Uint8Array | undefined) => void;
  reject: (error: Error) => void;
}

interface PendingWrite {
  bytes: Uint8Array;
  sent: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

interface PendingEnd {
  isSent: boolean;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** One stream of a session. At most one read and one write may be pending at a time. */
export class YamuxStream implements ByteStream, FrameSource {
  readonly id: number;
  /** Resolves when both directions have ended or the stream was given up; never rejects. */
  readonly closed: Promise<void>;
  readonly #owner: StreamOwner;
  readonly #received = new ReceiveBuffer();
  /** Bytes the peer may still send. */
  #receiveWindow = initialWindowBytes;
  /** Bytes we may still send. */
  #sendWindow = initialWindowBytes;
  #read: PendingRead | undefined;
  #write: PendingWrite | undefined;
  /** A write whose last byte the operating system has not taken yet. */
  #flushing: PendingWrite | undefined;
  #end: PendingEnd | undefined;
  /** The outcome of {@link end}, once asked for. */
  #ended: Promise<void> | undefined;
  #hasRemoteEnded = false;
  #isGone = false;
  #error: Error | undefined;
  #resolveClosed: () => void = () => undefined;

  /** Streams are made by their session only. */
  constructor(id: number, owner: StreamOwner) {
    this.id = id;
    this.#owner = owner;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** Bytes that arrived and were not read yet; at most one window. */
  get bufferedBytes(): number {
    return this.#received.length;
  }

  /** Bytes that may be sent before the peer gives credit. */
  get sendWindow(): number {
    return this.#sendWindow;
  }

  read(): Promise<Uint8Array | undefined> {
    assert(this.#read === undefined, 'two reads of one stream at a time');
    const chunk = this.#received.shift();
    if (chunk !== undefined) {
      this.#giveCredit();
      return Promise.resolve(chunk);
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#hasRemoteEnded) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#read = { resolve, reject };
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    assert(
      this.#write === undefined && this.#flushing === undefined,
      'two writes of one stream at a time',
    );
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#end !== undefined) {
      const text = 'the stream was ended before this write';
      return Promise.reject(new YamuxError('YAMUX_STREAM_ENDED', text, { streamId: this.id }));
    }
    if (bytes.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#write = { bytes, sent: 0, resolve, reject };
      if (this.hasFrame()) this.#owner.wantsToSend(this);
    });
  }

  /** Ends our direction after what is being written; a second call waits for the first. */
  end(): Promise<void> {
    if (this.#ended !== undefined) return this.#ended;
    if (this.#error !== undefined) return Promise.reject(this.#error);
    this.#ended = new Promise((resolve, reject) => {
      this.#end = { isSent: false, resolve, reject };
      if (this.hasFrame()) this.#owner.wantsToSend(this);
    });
    return this.#ended;
  }

  destroy(error?: Error): void {
    if (this.#isGone) {
      this.#received.clear();
      return;
    }
    const cause =
      error ??
      new YamuxError('YAMUX_STREAM_DESTROYED', 'the stream was given up', { streamId: this.id });
    this.#received.clear();
    this.#leave(cause, this.#end?.isSent === true ? 'linger' : 'reset');
  }

  /** For the session: whether {@link nextFrame} would return one. */
  hasFrame(): boolean {
    if (this.#isGone) return false;
    if (this.#write !== undefined) return this.#sendWindow > 0;
    return this.#end !== undefined && !this.#end.isSent;
  }

  /** For the session: the next frame within the peer's credit. */
  nextFrame(): OutFrame | undefined {
    if (!this.hasFrame()) return undefined;
    return this.#write === undefined ? this.#nextEnd() : this.#nextData(this.#write);
  }

  /** For the session: `count` body bytes were announced. False when the peer lacks the credit. */
  takeCredit(count: number): boolean {
    if (count > this.#receiveWindow) return false;
    this.#receiveWindow -= count;
    return true;
  }

  /** For the session: a piece of a body; a view, valid during the call. */
  receive(piece: Uint8Array): void {
    // Go may send what was being written behind its own end: the reader has been told of the end.
    if (this.#isGone || this.#hasRemoteEnded) return;
    this.#received.push(piece);
    const read = this.#read;
    if (read === undefined) return;
    this.#read = undefined;
    read.resolve(this.#received.shift());
    this.#giveCredit();
  }

  /** For the session: the peer gave credit. False when it exceeds what the protocol can count. */
  addCredit(delta: number): boolean {
    if (this.#sendWindow + delta > 0xffff_ffff) return false;
    this.#sendWindow += delta;
    if (this.hasFrame()) this.#owner.wantsToSend(this);
    return true;
  }

  /** For the session: the peer sends no more. False when it had said so before. */
  receiveEnd(): boolean {
    if (this.#hasRemoteEnded) return false;
    this.#hasRemoteEnded = true;
    this.#read?.resolve(undefined);
    this.#read = undefined;
    this.#leaveIfEnded();
    return true;
  }

  /** For the session: the stream or the session failed; bytes received before stay readable. */
  fail(error: Error): void {
    if (!this.#isGone) this.#leave(error, 'done');
  }

  #nextData(write: PendingWrite): OutFrame {
    const count = Math.min(maxFrameBodyBytes, this.#sendWindow, write.bytes.length - write.sent);
    const body = write.bytes.subarray(write.sent, write.sent + count);
    write.sent += count;
    this.#sendWindow -= count;
    const isLast = write.sent === write.bytes.length;
    if (isLast) {
      this.#write = undefined;
      this.#flushing = write;
    }
    return {
      header: { type: FrameType.data, flags: 0, streamId: this.id, length: count },
      body,
      onFlushed: isLast ? (error) => this.#flushed(write, error) : undefined,
    };
  }

  #flushed(write: PendingWrite, error: Error | undefined): void {
    if (this.#flushing === write) this.#flushing = undefined;
    if (error === undefined) write.resolve();
    else write.reject(error);
  }

  #nextEnd(): OutFrame {
    const end = this.#end;
    assert(end !== undefined && !end.isSent, 'a stream ends once');
    end.isSent = true;
    this.#leaveIfEnded();
    end.resolve();
    return {
      header: { type: FrameType.windowUpdate, flags: FrameFlag.fin, streamId: this.id, length: 0 },
    };
  }

  #giveCredit(): void {
    if (this.#isGone || this.#hasRemoteEnded) return;
    const delta = initialWindowBytes - this.#received.length - this.#receiveWindow;
    if (delta < windowUpdateThresholdBytes) return;
    this.#receiveWindow += delta;
    this.#owner.sendCredit(this, delta);
  }

  #leaveIfEnded(): void {
    if (this.#isGone || !this.#hasRemoteEnded || this.#end?.isSent !== true) return;
    this.#isGone = true;
    this.#owner.streamGone(this, 'done');
    this.#resolveClosed();
  }

  #leave(error: Error, how: StreamExit): void {
    this.#isGone = true;
    this.#error = error;
    this.#owner.streamGone(this, how);
    this.#read?.reject(error);
    this.#write?.reject(error);
    this.#flushing?.reject(error);
    if (this.#end?.isSent === false) this.#end.reject(error);
    this.#read = this.#write = this.#flushing = undefined;
    this.#resolveClosed();
  }
}
