#!/usr/bin/env node
// Looks into the files of a metrics store: docs/metrics-store.md.
import { run } from './run.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read the lines has seen enough.
  process.exit(error.code === 'EPIPE' ? 0 : 2);
});

process.exitCode = run(process.argv.slice(2), {
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
});
