import { Worker } from 'node:worker_threads';
import { guardStackMs } from './limits.ts';

export interface LoopGuardOptions {
  /** How often {@link LoopGuard.beat} is called, and how often the guard looks. */
  beatMs: number;
  /** Beats that are missing before `warning` is written, and before `ending` is and the process ends. */
  warnBeats: number;
  endBeats: number;
  /** How long the guard waits for the stack of the loop; one that is stuck in a system call has none to show. */
  stackMs?: number;
  /**
   * Lines for stderr, with the newline. What stands in them as `{time}` (ISO 8601 with microseconds),
   * `{milliseconds}` (since the last beat) and in the last one `{stack}` (where the loop hangs) is
   * replaced by text that fits into a JSON string.
   */
  warning: string;
  ending: string;
  /** The guard itself has failed; the process goes on without one. */
  onFailure: (error: unknown) => void;
}

/**
 * A thread that watches the event loop of another: what stands still cannot say so itself. It tells on
 * stderr, and when the loop does not come back it ends the process by SIGKILL, which nothing can delay.
 * It counts beats, not time: a process that was stopped as a whole gets its chance to go on.
 */
export class LoopGuard {
  readonly #worker: Worker;
  readonly #beats = new Int32Array(new SharedArrayBuffer(4));

  constructor({ onFailure, ...options }: LoopGuardOptions) {
    this.#worker = new Worker(`(${guardLoop.toString()})()`, {
      name: 'loop-guard',
      eval: true,
      stdout: true,
      stderr: true,
      workerData: { stackMs: guardStackMs, ...options, beats: this.#beats },
    });
    this.#worker.unref();
    this.#worker.on('error', onFailure);
  }

  /** The loop turns. */
  beat(): void {
    Atomics.add(this.#beats, 0, 1);
    Atomics.notify(this.#beats, 0);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Runs in the thread from its text alone: nothing outside of it can be named. */
function guardLoop(): void {
  const threads = process.getBuiltinModule('node:worker_threads');
  const { constants, openSync, writeSync } = process.getBuiltinModule('node:fs');
  const { beatMs, warnBeats, endBeats, stackMs, warning, ending, beats } =
    threads.workerData as LoopGuardOptions & {
      beats: Int32Array;
    };

  const maxFrames = 8;
  const stderr = openStderr();
  let missing = 0;
  while (missing < endBeats) {
    const seen = Atomics.load(beats, 0);
    missing = Atomics.wait(beats, 0, seen, beatMs) === 'timed-out' ? missing + 1 : 0;
    if (missing === warnBeats) say(warning);
  }
  setTimeout(() => end('unknown'), stackMs);
  try {
    askStack();
  } catch {
    end('unknown');
  }

  function askStack(): void {
    const { Session } = process.getBuiltinModule('node:inspector');
    const session = new Session();
    session.connectToMainThread();
    const urls = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url));
    session.on('Debugger.paused', ({ params: { callFrames } }) => {
      const frames = callFrames.slice(0, maxFrames).map(({ functionName, location }) => {
        const { scriptId, lineNumber, columnNumber = 0 } = location;
        const place = `${urls.get(scriptId) ?? ''}:${lineNumber + 1}:${columnNumber + 1}`;
        return `${functionName === '' ? 'anonymous' : functionName} (${place})`;
      });
      end(frames.join(' < '));
    });
    session.post('Debugger.enable', () => session.post('Debugger.pause'));
  }

  function end(stack: string): void {
    say(ending, stack);
    process.kill(process.pid, 'SIGKILL');
  }

  function say(line: string, stack = ''): void {
    const time = new Date().toISOString().replace('Z', '000Z');
    const escaped = JSON.stringify(stack).slice(1, -1);
    const text = line
      .replaceAll('{time}', () => time)
      .replaceAll('{milliseconds}', () => String(missing * beatMs))
      .replaceAll('{stack}', () => escaped);
    // Not through the stream of the thread, which the loop that stands still would have to empty.
    try {
      writeSync(stderr, text);
    } catch {
      // Nobody reads; the process ends all the same.
    }
  }

  /** Does not wait for a reader that is stuck: the loop may hang on just that. */
  function openStderr(): number {
    try {
      return openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      // A socket cannot be opened again.
      return 2;
    }
  }
}
