import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from './run.ts';

/** What a command printed and returned. */
export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs a command in this process. */
export function ran(...args: string[]): Ran {
  let out = '';
  let err = '';
  const code = run(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

/** Runs a test in a directory of its own. */
export function withDir<T>(test: (dir: string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), 'metrics-store-'));
  try {
    return test(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
