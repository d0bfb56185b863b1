import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import inspector from 'node:inspector';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { emptyStruct } from '../gob/index.ts';
import { RpcClient } from '../netrpc/index.ts';
import { PluginConnection } from './host.ts';
import { systemProcess } from './process.ts';

type Child = ChildProcessByStdio<null, Readable, Readable>;

const children: Child[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(cookie: string): Child {
  const fixture = new URL('./process-fixture.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [fixture], {
    env: { ...process.env, TEST_PLUGIN: cookie },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

const exit = (child: Child) =>
  new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));

async function connected(child: Child) {
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  const path = line.split('|')[3] ?? '';
  expect(line).toBe(`1|1|unix|${path}|netrpc|\n`);
  const socket = connect(path);
  return { socket, path, host: new PluginConnection(socket) };
}

describe('a plugin process', () => {
  test('survives signals and a closed stderr, and exits with 0 when told to', async () => {
    const child = start('yes');
    const exited = exit(child);
    const { host, path } = await connected(child);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) child.kill(signal);
    await host.ping();
    // A connected plugin leaves nothing to clean up, however it ends.
    while (existsSync(dirname(path))) await host.ping();
    child.stderr.destroy();
    const hooks = new RpcClient(await host.dispense('hooks'));
    for (let at = 0; at < 3; at++) await hooks.call('Plugin.Complain', emptyStruct, {});
    await host.ping();
    await host.quit();
    expect(await exited).toBe(0);
  });

  test('exits with 1 when its host dies', async () => {
    const child = start('yes');
    const exited = exit(child);
    const { host, socket } = await connected(child);
    await host.ping();
    socket.destroy();
    expect(await exited).toBe(1);
  });

  test('says why it does not start, on stderr alone', async () => {
    const child = start('no');
    const outcome = await Promise.all([exit(child), text(child.stdout), text(child.stderr)]);
    expect(outcome).toEqual([1, '', expect.stringContaining('started by its server')]);
  });

  test('is not watched while somebody debugs it', async () => {
    const options = { beatMs: 1000, warnBeats: 3, endBeats: 8, warning: '', ending: '' };
    const guard = () => systemProcess().guardLoop?.({ ...options, onFailure: fail });
    const watching = guard();
    await watching?.stop();
    expect(watching).toBeDefined();
    inspector.open(0);
    expect(guard()).toBeUndefined();
    inspector.close();
  });
});

function fail(error: unknown): never {
  throw error;
}
