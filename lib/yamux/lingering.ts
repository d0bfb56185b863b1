import type { Clock, Timer } from '../runtime/index.ts';
import { FrameFlag, type FrameHeader, FrameType } from './frame.ts';
import { lingerMs, maxStreams } from './limits.ts';

/**
 * Streams that we ended and gave up while the peer had not ended them. Most peers do so at once; one
 * that goes on sending, or takes too long, is told by a reset.
 */
export class Lingering {
  readonly #clock: Clock;
  readonly #reset: (streamId: number) => void;
  readonly #timers = new Map<number, Timer>();

  constructor(clock: Clock, reset: (streamId: number) => void) {
    this.#clock = clock;
    this.#reset = reset;
  }

  add(streamId: number): void {
    if (this.#timers.size >= maxStreams) {
      this.#reset(streamId);
      return;
    }
    const expire = () => this.#expire(streamId);
    this.#timers.set(streamId, this.#clock.setTimer(lingerMs, expire));
  }

  /** Looks at a frame for a stream that is no longer open. */
  receive(header: FrameHeader): void {
    const timer = this.#timers.get(header.streamId);
    if (timer === undefined) return;
    if ((header.flags & (FrameFlag.fin | FrameFlag.rst)) !== 0) {
      timer.cancel();
      this.#timers.delete(header.streamId);
    } else if (header.type === FrameType.data && header.length > 0) {
      timer.cancel();
      this.#expire(header.streamId);
    }
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #expire(streamId: number): void {
    this.#timers.delete(streamId);
    this.#reset(streamId);
  }
}
