import type { Duplex } from 'node:stream';
import { encodeFrame, encodeHeaderInto } from './encode.ts';
import { YamuxError } from './errors.ts';
import { type FrameHeader, headerLength } from './frame.ts';
import { joinedBodyBytes, maxQueuedControlFrames } from './limits.ts';

/**
 * A frame on its way out; `onFlushed` runs when the operating system has taken its last byte, or
 * with an error when it never will.
 */
export interface OutFrame {
  header: FrameHeader;
  body?: Uint8Array;
  onFlushed?: ((error: Error | undefined) => void) | undefined;
}

/** Something that has frames to send, one at a time, as long as it is asked. */
export interface FrameSource {
  /** The next frame; undefined when there is nothing to send now. */
  nextFrame(): OutFrame | undefined;
  hasFrame(): boolean;
}

/**
 * The way out to the socket. Control frames go first, in order; sources take turns, one frame each.
 * Nothing is given to a socket that asks to wait.
 */
export class Outbox {
  readonly #socket: Duplex;
  readonly #onPressure: (isHigh: boolean) => void;
  #control: OutFrame[] = [];
  #sources: FrameSource[] = [];
  readonly #waiting = new Set<FrameSource>();
  #isScheduled = false;
  #isStopped = false;
  #isHigh = false;

  /** `onPressure` is told when control frames pile up, and when they are gone again. */
  constructor(socket: Duplex, onPressure: (isHigh: boolean) => void) {
    this.#socket = socket;
    this.#onPressure = onPressure;
    socket.on('drain', () => this.#pump());
  }

  /** Queues a frame ahead of all data. */
  sendControl(header: FrameHeader, onFlushed?: OutFrame['onFlushed']): void {
    if (this.#isStopped) return;
    this.#control.push({ header, onFlushed });
    if (this.#control.length > maxQueuedControlFrames && !this.#isHigh) {
      this.#isHigh = true;
      this.#onPressure(true);
    }
    this.#schedule();
  }

  /** Asks `source` for frames until it has none. */
  addSource(source: FrameSource): void {
    if (this.#isStopped || this.#waiting.has(source)) return;
    this.#waiting.add(source);
    this.#sources.push(source);
    this.#schedule();
  }

  removeSource(source: FrameSource): void {
    if (!this.#waiting.delete(source)) return;
    this.#sources = this.#sources.filter((other) => other !== source);
  }

  /** Drops everything that is queued and takes nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#control = [];
    this.#sources = [];
    this.#waiting.clear();
  }

  // Frames that are queued in one turn of the event loop leave in one write.
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#isStopped || this.#socket.destroyed) return;
    this.#socket.cork();
    try {
      while (!this.#socket.writableNeedDrain) {
        const frame = this.#next();
        if (frame === undefined) break;
        this.#write(frame);
      }
    } finally {
      this.#socket.uncork();
    }
    if (this.#isHigh && this.#control.length === 0) {
      this.#isHigh = false;
      this.#onPressure(false);
    }
  }

  #next(): OutFrame | undefined {
    const control = this.#control.shift();
    if (control !== undefined) return control;
    for (;;) {
      const source = this.#sources.shift();
      if (source === undefined) return undefined;
      const frame = source.nextFrame();
      if (frame !== undefined && source.hasFrame()) this.#sources.push(source);
      else this.#waiting.delete(source);
      if (frame !== undefined) return frame;
    }
  }

  #write(frame: OutFrame): void {
    const { header, body, onFlushed } = frame;
    const flushed = onFlushed === undefined ? undefined : asCallback(onFlushed);
    if (body === undefined || body.length <= joinedBodyBytes) {
      this.#socket.write(encodeFrame(header, body), flushed);
      return;
    }
    const head = new Uint8Array(headerLength);
    encodeHeaderInto(head, 0, header);
    this.#socket.write(head);
    this.#socket.write(body, flushed);
  }
}

/** The socket calls back with null or nothing on success, and with an error once it is destroyed. */
function asCallback(onFlushed: (error: Error | undefined) => void): (error?: Error | null) => void {
  return (error) =>
    onFlushed(
      error === undefined || error === null
        ? undefined
        : new YamuxError('YAMUX_SESSION_CLOSED', 'the socket closed before all was sent', {
            cause: error,
          }),
    );
}
