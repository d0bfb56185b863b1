import { run } from './run.ts';

/** Runs the tool as this process: prints, and sets the exit code. */
export function start(args: readonly string[]): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read the lines has seen enough.
    process.exit(error.code === 'EPIPE' ? 0 : 2);
  });
  process.exitCode = run(args, {
    out: (text) => {
      process.stdout.write(text);
    },
    err: (text) => {
      process.stderr.write(text);
    },
  });
}
