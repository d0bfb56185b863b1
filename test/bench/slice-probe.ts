/**
 * Measures the longest stretch of CPU time of the main thread between two turns of the event loop,
 * by being there in every turn. It keeps the loop spinning, so it is for short measures; what it
 * costs itself is a few microseconds per turn.
 */
export class SliceProbe {
  longestMs = 0;
  #lastMs = 0;
  #isRunning = false;
  #ended: Promise<void> = Promise.resolve();

  /** Begins with the next turn. */
  async start(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#isRunning = true;
    this.#lastMs = mainThreadCpuMs();
    this.#ended = new Promise((resolve) => {
      const look = () => {
        const nowMs = mainThreadCpuMs();
        this.longestMs = Math.max(this.longestMs, nowMs - this.#lastMs);
        this.#lastMs = nowMs;
        if (this.#isRunning) setImmediate(look);
        else resolve();
      };
      setImmediate(look);
    });
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#ended;
  }
}

export function mainThreadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
