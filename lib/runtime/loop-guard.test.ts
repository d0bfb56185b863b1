// Real processes, because a loop that stands still takes its process with it.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const fixture = fileURLToPath(new URL('loop-guard-fixture.ts', import.meta.url));

/** What a process wrote line by line, and how it ended. */
async function f(act: string, ...args: string[]) {
  const child = spawn(process.execPath, [fixture, act, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(String(signal ?? code)));
  });
  const lines = (await text(child.stderr))
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  const said = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { said, ending: await ended };
}

describe('the guard of an event loop', () => {
  test('warns of one that never comes back, says where it hangs, and ends it', async () => {
    const { said, ending } = await f('spin');
    expect(said).toEqual([
      { at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/), is: 'slow', ms: 150 },
      expect.objectContaining({ is: 'dead', ms: 400 }),
    ]);
    expect(said[1]?.['where']).toMatch(/^hangHere \(file:.*loop-guard-fixture\.ts:\d+:\d+\) < /);
    expect(ending).toBe('SIGKILL');
  });

  test('only warns of one that comes back', async () => {
    const { said, ending } = await f('pause');
    expect(said).toEqual([expect.objectContaining({ is: 'slow' })]);
    expect(ending).toBe('0');
  });

  test('ends one that hangs in the system, where there is no stack', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'guard-'));
    execFileSync('mkfifo', [`${directory}/silent`]);
    const { said, ending } = await f('wait', `${directory}/silent`);
    rmSync(directory, { recursive: true });
    expect(said.at(-1)).toMatchObject({ is: 'dead', where: 'unknown' });
    expect(ending).toBe('SIGKILL');
  });

  test('keeps nobody: neither one that stops it nor one that leaves', async () => {
    expect(await f('stop')).toEqual({ said: [], ending: '0' });
    expect(await f('leave')).toEqual({ said: [], ending: '0' });
  });
});
