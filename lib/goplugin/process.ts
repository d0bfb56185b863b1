import { writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { LoopGuard, type LoopGuardOptions } from '../runtime/index.ts';

/** What a plugin touches of its process, passed in so that it runs in a test without one. */
export interface PluginProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directories to try for the socket, best first. */
  socketDirectories(): string[];
  /** Writes to stdout at once; called once, with the handshake line. */
  writeHandshake(line: string): void;
  /** Writes to stderr; never throws, also when nobody reads it any more. */
  writeError(text: string): void;
  /** Survives the signals of a terminal and of a service manager: the host alone ends a plugin. */
  ignoreSignals(): void;
  /** Runs once for whatever nobody caught. */
  onUncaught(run: (error: unknown) => void): void;
  exit(code: number): void;
  /**
   * Watches the event loop from outside of it. A process that offers no guard, or gives none, is not
   * watched: one that somebody debugs stands still at every breakpoint.
   */
  guardLoop?: (options: LoopGuardOptions) => Pick<LoopGuard, 'beat' | 'stop'> | undefined;
}

/** The process we run in. */
export function systemProcess(): PluginProcess {
  // A host that died leaves broken pipes behind: EPIPE must not end the clean-up.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  return {
    env: process.env,
    socketDirectories: () => [tmpdir(), '/tmp', process.cwd()],
    writeHandshake: (line) => {
      writeSync(1, line);
    },
    writeError: (text) => {
      process.stderr.write(text);
    },
    ignoreSignals: () => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.on(signal, () => undefined);
      }
    },
    onUncaught: (run) => {
      process.on('uncaughtException', run);
      process.on('unhandledRejection', run);
    },
    exit: (code) => process.exit(code),
    guardLoop: (options) => {
      // Loaded here: whatever is imported above delays the handshake line.
      const { url } = process.getBuiltinModule('node:inspector');
      return url() === undefined ? new LoopGuard(options) : undefined;
    },
  };
}
