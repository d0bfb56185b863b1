import type { Clock, Rng, ThreadEntry } from '../lib/runtime/index.ts';

/** What the process gives the plugin; tests give their own. */
export interface Environment {
  clock: Clock;
  rng: Rng;
  pluginId: string;
  pluginVersion: string;
  /** What worker threads run: `worker.ts`, or its bundle. */
  workerEntry: ThreadEntry;
  /** The operating system's name of this machine. */
  hostName: string;
  /** The server's working directory, which the plugin inherits. */
  workingDirectory: string;
  /** Whether to measure main-thread slices closely (see docs/operations.md). */
  measureSlices: boolean;
  /** Ends the process with one log line: what is broken cannot be mended from inside. */
  fail: (error: Error) => void;
}
