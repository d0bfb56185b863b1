import { accessSync, constants } from 'node:fs';
import { test } from '@jest/globals';

/** Whether `program` is on the path. */
function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((directory) => {
    try {
      accessSync(`${directory}/${program}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What a test needs of the machine besides Node. */
export interface Needs {
  programs?: readonly string[];
  /** Absolute paths, for example of what `make` builds first. */
  files?: readonly string[];
  root?: boolean;
}

/** Names what is missing; empty when the test can run. */
function missing({ programs = [], files = [], root = false }: Needs): string[] {
  const reasons = programs.filter((program) => !isInstalled(program));
  for (const file of files) {
    try {
      accessSync(file);
    } catch {
      reasons.push(file);
    }
  }
  if (root && process.getuid?.() !== 0) reasons.push('the rights of root');
  return reasons;
}

/**
 * `test` for what needs the machine: says what is missing and skips, or with `CI=true` fails. Give
 * it a title and a function as to jest's `test`.
 */
export function testNeeding(needs: Needs): typeof test | typeof test.skip {
  const reasons = missing(needs);
  if (reasons.length === 0 || process.env['CI'] === 'true') {
    // With CI the test runs and fails on what it misses; this line says why.
    if (reasons.length > 0) process.stderr.write(`missing here: ${reasons.join(', ')}\n`);
    return test;
  }
  process.stderr.write(`skipped, missing here: ${reasons.join(', ')}\n`);
  return test.skip;
}
