import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { GobEncoder, bool, string, struct, uint } from '../../lib/gob/index.ts';
import { rpcMethod } from '../../lib/netrpc/index.ts';
import { servePlugin, type PluginProcess } from '../../lib/goplugin/index.ts';
import { FakeClock } from '../../lib/runtime/index.ts';
import { FrameDecoder, encodeFrame } from '../../lib/yamux/index.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';

const request = struct('Request', { ServiceMethod: string, Seq: uint });

/**
 * A whole plugin behind its real socket, and a host that sends a session which was right once. The
 * plugin must write nothing but frames, and end when the host has gone: at once, or as soon as the
 * clock passes what it may wait for.
 */
export const gopluginTarget = (seeds: readonly Uint8Array[]): FuzzTarget => ({
  name: 'goplugin',
  batch: 8,
  async run(random) {
    const session = random.oneIn(3) ? random.pick(seeds) : makeSession(random);
    const bytes = random.oneIn(6) ? session : mutate(random, session, random.pick(seeds));
    const clock = new FakeClock();
    const plugin = fakeProcess();
    const served = await servePlugin({
      process: plugin.process,
      clock,
      cookie: { key: 'FUZZ', value: 'yes' },
      protocolVersion: 1,
      services: {
        hooks: (broker) => ({
          'Plugin.Hello': rpcMethod(string, (name) =>
            typeof name === 'string' ? `hello ${name}` : 'who?',
          ),
          'Plugin.Dial': rpcMethod(bool, async (id) => {
            const stream = await broker.dial(Number(id));
            stream.destroy();
            return true;
          }),
        }),
      },
    });
    const host = await dial(served.socketPath);
    const frames = new FrameDecoder({ header: () => undefined, body: () => undefined });
    host.on('data', (chunk: Uint8Array) => frames.feed(chunk));
    host.write(bytes);
    await untilQuiet();
    host.destroy();
    await untilQuiet();
    // Nothing may wait for longer than the longest of the named times; removing the socket is real.
    for (let tries = 0; plugin.exitCode() === undefined; tries++) {
      if (tries > 20000) throw new Error(`alive: ${toHex(bytes)}`);
      await clock.advance(6 * 60_000);
      await untilQuiet();
    }
  },
});

function fakeProcess() {
  let code: number | undefined;
  const process: PluginProcess = {
    env: { FUZZ: 'yes' },
    socketDirectories: () => [tmpdir()],
    writeHandshake: () => undefined,
    writeError: () => undefined,
    ignoreSignals: () => undefined,
    onUncaught: () => undefined,
    exit: (exitCode) => (code ??= exitCode),
  };
  return { process, exitCode: () => code };
}

async function dial(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

async function untilQuiet(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The host's side of a session: three streams, a dispense, calls, sometimes an orderly end. */
export function makeSession(random: Random): Uint8Array {
  const frames = [1, 3, 5].map((id) => encodeFrame({ ...empty, flags: 1, streamId: id }));
  const control = new GobEncoder();
  const call = (
    encoder: GobEncoder,
    id: number,
    method: string,
    seq: number,
    argument: unknown,
  ) => {
    const schema =
      typeof argument === 'string' ? string : typeof argument === 'number' ? uint : bool;
    const body = encoder.encodeAll([
      { schema: request, value: { ServiceMethod: method, Seq: seq } },
      { schema, value: argument },
    ]);
    frames.push(encodeFrame({ ...empty, type: 0, streamId: id, length: body.length }, body));
  };
  call(control, 1, 'Control.Ping', 0, true);
  call(control, 1, 'Dispenser.Dispense', 1, random.pick(['hooks', 'hooks', 'other']));
  const brokerId = Uint8Array.of(random.pick([1, 1, 1, 2]), 0, 0, 0);
  frames.push(
    encodeFrame({ ...empty, flags: 1, streamId: 7 }),
    encodeFrame({ ...empty, type: 0, streamId: 7, length: 4 }, brokerId),
  );
  const hooks = new GobEncoder();
  for (let seq = 0; seq < random.below(4); seq++) {
    const method = random.pick(['Plugin.Hello', 'Plugin.Dial', 'Plugin.None']);
    call(hooks, 7, method, seq, random.pick(['x', random.below(9), true]));
  }
  if (random.oneIn(4)) call(control, 1, 'Control.Quit', 2, true);
  if (random.oneIn(4)) frames.push(encodeFrame({ ...empty, flags: 4, streamId: 7 }));
  return new Uint8Array(Buffer.concat(frames));
}

const empty = { type: 1, flags: 0, streamId: 0, length: 0 } as const;
