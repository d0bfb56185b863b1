// Real processes, because a loop that stands still takes its process with it.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const fixture = fileURLToPath(new URL('loop-guard-fixture.ts', import.meta.url));

type Said = Record<string, unknown>;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guard-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** What a process wrote line by line, and how it ended; `onLine` runs as the lines come. */
async function f(act: string, path = '', onLine: (said: Said) => void = () => undefined) {
  const child = spawn(process.execPath, [fixture, act, path], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(String(signal ?? code)));
  });
  const said: Said[] = [];
  for await (const line of createInterface(child.stderr)) {
    said.push(JSON.parse(line) as Said);
    onLine(said.at(-1)!);
  }
  return { said, ending: await ended };
}

describe('the guard of an event loop', () => {
  test('warns of one that never comes back, says where it hangs, and ends it', async () => {
    const { said, ending } = await f('spin');
    // On a busy machine it may have been slow before.
    expect(said.slice(-2)).toEqual([
      { at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/), is: 'slow', ms: 500 },
      expect.objectContaining({ is: 'dead', ms: 1000 }),
    ]);
    const where = said.at(-1)?.['where'];
    expect(where).toMatch(/^hangHere \(file:.*loop-guard-fixture\.ts:\d+:\d+\) < /);
    expect(ending).toBe('SIGKILL');
  });

  test('only warns of one that comes back', async () => {
    const path = join(directory, 'read');
    const { said, ending } = await f('pause', path, () => {
      writeFileSync(path, '');
    });
    expect(new Set(said.map(({ is }) => is))).toEqual(new Set(['slow']));
    expect(ending).toBe('0');
  });

  test('ends one that hangs in the system, where there is no stack', async () => {
    const path = join(directory, 'silent');
    execFileSync('mkfifo', [path]);
    const { said, ending } = await f('wait', path);
    expect(said.at(-1)).toMatchObject({ is: 'dead', where: 'unknown' });
    expect(ending).toBe('SIGKILL');
  });

  test('keeps nobody: neither one that stops it nor one that leaves', async () => {
    expect(await f('stop')).toEqual({ said: [], ending: '0' });
    expect(await f('leave')).toEqual({ said: [], ending: '0' });
  });
});
