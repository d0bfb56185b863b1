import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { RpcClient, rpcMethod } from '../netrpc/index.ts';
import { emptyStruct, string } from '../gob/index.ts';
import { FakeClock } from '../runtime/index.ts';
import { PluginConnection } from './host.ts';
import { maxSilentConnections, maxSocketPathBytes } from './limits.ts';
import type { PluginProcess } from './process.ts';
import { type ServePluginOptions, type ServedPlugin, servePlugin } from './serve.ts';

const cookie = { key: 'TEST_PLUGIN', value: 'yes' };
const cleanups: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A process that records instead of acting. */
function fakeProcess(env: Record<string, string> = {}, directories = [tmpdir()]) {
  const exited = {
    codes: [] as number[],
    resolve: (code: number) => exited.codes.push(code) as unknown,
  };
  const exit = new Promise<number>((resolve) => {
    exited.resolve = resolve;
  });
  const seen = { lines: [] as string[], errors: [] as string[], ignored: 0 };
  const process: PluginProcess = {
    env: { [cookie.key]: cookie.value, ...env },
    socketDirectories: () => [...directories],
    writeHandshake: (line) => seen.lines.push(line),
    writeError: (text) => seen.errors.push(text),
    ignoreSignals: () => seen.ignored++,
    onUncaught: () => undefined,
    exit: (code) => {
      exited.codes.push(code);
      exited.resolve(code);
    },
  };
  return { process, seen, exit, codes: exited.codes };
}

async function start(
  fake: ReturnType<typeof fakeProcess>,
  more: Partial<ServePluginOptions> = {},
): Promise<{ served: ServedPlugin; clock: FakeClock }> {
  const clock = new FakeClock();
  const services = {
    hooks: () => ({ 'Plugin.Hello': rpcMethod(string, (who) => `hello ${who as string}`) }),
  };
  const options = { process: fake.process, clock, cookie, protocolVersion: 1, services, ...more };
  const served = await servePlugin(options);
  cleanups.push(() => served.exit(9));
  return { served, clock };
}

async function dial(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => undefined);
  cleanups.push(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

describe('starting', () => {
  test('prints one line, serves from a private directory, and cleans up', async () => {
    const fake = fakeProcess();
    const { served } = await start(fake);
    expect(fake.seen.lines).toEqual([`1|1|unix|${served.socketPath}|netrpc|\n`]);
    expect(fake.seen.ignored).toBe(1);
    expect(statSync(dirname(served.socketPath)).mode & 0o777).toBe(0o700);
    await served.exit(0);
    expect(existsSync(dirname(served.socketPath))).toBe(false);
    expect(fake.codes).toEqual([0]);
  });

  test('refuses to start in the wrong way with a sentence and exit 1', async () => {
    const f = async (env: Record<string, string>, code: string, text: RegExp) => {
      const fake = fakeProcess(env);
      await expect(start(fake)).rejects.toMatchObject({ code });
      expect(fake.codes).toEqual([1]);
      expect(fake.seen.errors.join('')).toMatch(text);
      expect(fake.seen.lines).toEqual([]);
    };
    await f({ [cookie.key]: 'no' }, 'GOPLUGIN_NOT_STARTED_BY_HOST', /started by its server/);
    await f({ PLUGIN_CLIENT_CERT: 'x' }, 'GOPLUGIN_TLS_REQUIRED', /TLS/);
    await f({ PLUGIN_UNIX_SOCKET_GROUP: 'x' }, 'GOPLUGIN_SOCKET_GROUP', /group/);
    await f({ PLUGIN_PROTOCOL_VERSIONS: '2,3' }, 'GOPLUGIN_PROTOCOL_VERSION', /speaks 1/);
  });

  test('takes the highest of several protocol versions and marks gRPC multiplexing', async () => {
    const env = { PLUGIN_PROTOCOL_VERSIONS: '2, 1', PLUGIN_MULTIPLEX_GRPC: 'true' };
    const fake = fakeProcess(env);
    const { served } = await start(fake);
    expect(fake.seen.lines).toEqual([`1|1|unix|${served.socketPath}|netrpc||true\n`]);
  });

  test('tries the next directory when one is missing, too long or has a bar in its name', async () => {
    const root = await mkdtemp(join(tmpdir(), 'goplugin-'));
    cleanups.push(() => rm(root, { recursive: true }));
    const long = join(root, 'x'.repeat(90));
    const bar = join(root, 'a|b');
    const good = join(root, 'good');
    for (const directory of [long, bar, good]) await mkdir(directory);
    const { served } = await start(fakeProcess({}, [join(root, 'missing'), long, bar, good]));
    expect(served.socketPath.startsWith(`${good}/plugin-`)).toBe(true);
    const wanted = await start(fakeProcess({ PLUGIN_UNIX_SOCKET_DIR: root }, [good]));
    expect(dirname(dirname(wanted.served.socketPath))).toBe(root);
    const none = start(fakeProcess({}, [long]));
    await expect(none).rejects.toMatchObject({ code: 'GOPLUGIN_NO_SOCKET' });
  });

  test('takes a path of the longest length and none above it', async () => {
    const root = await mkdtemp(join(tmpdir(), 'goplugin-'));
    cleanups.push(() => rm(root, { recursive: true }));
    const rest = maxSocketPathBytes - Buffer.byteLength(join(root, 'x', 'plugin-XXXXXX', 's')) + 1;
    const fits = join(root, 'x'.repeat(rest));
    const tooLong = join(root, 'x'.repeat(rest + 1));
    for (const directory of [fits, tooLong]) await mkdir(directory);
    const { served } = await start(fakeProcess({}, [fits]));
    expect(Buffer.byteLength(served.socketPath)).toBe(maxSocketPathBytes);
    await expect(start(fakeProcess({}, [tooLong]))).rejects.toThrow('too long');
  });

  test('leaves when no host comes', async () => {
    const fake = fakeProcess();
    const { clock } = await start(fake);
    await clock.advance(5 * 60 * 1000);
    expect(await fake.exit).toBe(1);
  });
});

describe('serving', () => {
  test('answers ping, dispenses hooks, and refuses other names', async () => {
    const { served } = await start(fakeProcess());
    const host = new PluginConnection(await dial(served.socketPath));
    await host.ping();
    const hooks = new RpcClient(await host.dispense('hooks'));
    expect(await hooks.call('Plugin.Hello', string, 'you')).toBe('hello you');
    await expect(hooks.call('Plugin.Nope', emptyStruct, {})).rejects.toMatchObject({
      message: "rpc: can't find method Plugin.Nope",
    });
    await expect(host.dispense('other')).rejects.toMatchObject({
      message: 'unknown plugin type: other',
    });
  });

  test('lets a silent probe pass, takes the first speaker, and nobody after it', async () => {
    const fake = fakeProcess();
    const { served } = await start(fake);
    (await dial(served.socketPath)).destroy();
    const silent = await dial(served.socketPath);
    const host = new PluginConnection(await dial(served.socketPath));
    await host.ping();
    await new Promise((resolve) => silent.once('close', resolve));
    const late = connect(served.socketPath);
    const failure = await new Promise<NodeJS.ErrnoException>((resolve) =>
      late.once('error', resolve),
    );
    expect(failure.code).toMatch(/ENOENT|ECONNREFUSED/);
    await host.ping();
    expect(fake.codes).toEqual([]);
  });

  test('keeps as many silent connections as the limit', async () => {
    const { served } = await start(fakeProcess());
    const silent: Socket[] = [];
    for (let at = 0; at <= maxSilentConnections; at++) silent.push(await dial(served.socketPath));
    await new Promise((resolve) => silent.at(-1)?.once('close', resolve));
    expect(silent.slice(0, -1).every((socket) => !socket.destroyed)).toBe(true);
    const [first] = silent;
    if (first !== undefined) await new PluginConnection(first).ping();
  });

  test('answers quit first, then works, removes the socket and exits with 0', async () => {
    const fake = fakeProcess();
    const events: string[] = [];
    const { served } = await start(fake, {
      onQuit: () => {
        events.push('work');
        return Promise.resolve();
      },
      onHostGone: () => Promise.reject(new Error('not gone: it said so')),
    });
    const host = new PluginConnection(await dial(served.socketPath));
    await host.quit();
    events.push('answered');
    expect(await fake.exit).toBe(0);
    expect(events.sort()).toEqual(['answered', 'work']);
    expect(fake.seen.errors).toEqual([]);
    expect(existsSync(served.socketPath)).toBe(false);
  });

  test('exits within two seconds of quit even when the work hangs', async () => {
    const fake = fakeProcess();
    const { served, clock } = await start(fake, { onQuit: () => new Promise(() => undefined) });
    const host = new PluginConnection(await dial(served.socketPath));
    await host.quit();
    await clock.advance(1999);
    expect(await fake.exit).toBe(0);
  });

  test('leaves when a service breaks, so that no dead process looks alive', async () => {
    const fake = fakeProcess();
    const reasons: Error[] = [];
    const { served, clock } = await start(fake, {
      onHostGone: (reason) => {
        reasons.push(reason);
        return Promise.resolve();
      },
    });
    const host = new PluginConnection(await dial(served.socketPath));
    const stream = await host.dispense('hooks');
    // A gob message of 2^40 bytes.
    await stream.write(Uint8Array.of(0xfa, 1, 0, 0, 0, 0, 0));
    while (reasons.length === 0) await clock.advance(100);
    expect(await fake.exit).toBe(1);
    expect(reasons).toMatchObject([{ code: 'GOPLUGIN_HOST_GONE' }]);
  });

  test('tells when the host is gone and exits with 1', async () => {
    const fake = fakeProcess();
    const reasons: Error[] = [];
    const { served } = await start(fake, {
      onHostGone: (reason) => {
        reasons.push(reason);
        return Promise.reject(new Error('cannot flush'));
      },
    });
    const socket = await dial(served.socketPath);
    await new PluginConnection(socket).ping();
    socket.destroy();
    expect(await fake.exit).toBe(1);
    expect(reasons).toMatchObject([{ code: 'GOPLUGIN_HOST_GONE' }]);
    expect(fake.seen.errors.join('')).toContain('cannot flush');
  });
});
