/** Counts checks and prints one line for each, in the manner of TAP. */
export class Checks {
  passed = 0;
  failed = 0;

  /** Runs a check; one that throws has failed, the rest goes on. Returns what the check returned. */
  async check<Value>(title: string, run: () => Promise<Value> | Value): Promise<Value | undefined> {
    const startedMs = performance.now();
    try {
      const value = await run();
      this.passed++;
      console.log(`ok ${title} (${(performance.now() - startedMs).toFixed(0)} ms)`);
      return value;
    } catch (error) {
      this.failed++;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      console.log(`not ok ${title}\n${text.replaceAll(/^/gm, '    ')}`);
      return undefined;
    }
  }

  /** The closing line that CI adds up. */
  summary(): string {
    return `${this.passed} passed, ${this.failed} failed`;
  }
}

/** Asks `probe` until it gives something, every 50 ms; throws when the time is over. */
export async function eventually<Value>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<Value | undefined>,
): Promise<Value> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
