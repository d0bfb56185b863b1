import { duplexPair } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../runtime/index.ts';
import { YamuxSession } from '../yamux/index.ts';
import { MuxBroker } from './broker.ts';
import { maxAnnounced } from './limits.ts';

/** Two brokers over one in-memory session, and the bare sessions below. */
function brokerPair() {
  const clock = new FakeClock();
  const [left, right] = duplexPair({ highWaterMark: 64 * 1024 });
  const hostSession = new YamuxSession(left, {
    role: 'client',
    onStream: (stream) => void host.receive(stream),
  });
  const pluginSession = new YamuxSession(right, {
    role: 'server',
    onStream: (stream) => void plugin.receive(stream),
  });
  const host = new MuxBroker(clock, hostSession);
  const plugin = new MuxBroker(clock, pluginSession);
  return { clock, host, plugin, hostSession, pluginSession };
}

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
const code = (value: string) => expect.objectContaining({ code: value }) as unknown;

describe('MuxBroker', () => {
  test('connects an early dial with a late accept', async () => {
    const { clock, host, plugin } = brokerPair();
    const dialled = host.dial(7);
    await clock.advance(4999);
    const accepted = await plugin.accept(7);
    const stream = await dialled;
    await stream.write(Buffer.from('hello'));
    expect(text(await accepted.read())).toBe('hello');
    expect(clock.pendingTimers).toBe(0);
  });

  test('connects an early accept with a late dial, and ids of both sides at once', async () => {
    const { clock, host, plugin } = brokerPair();
    const accepts = [plugin.accept(1), host.accept(1), plugin.accept(2)];
    await clock.advance(4999);
    const dials = [await host.dial(1), await plugin.dial(1), await host.dial(2)];
    for (const [at, dialled] of dials.entries()) {
      await dialled.write(Buffer.from(String(at)));
      expect(text(await (await accepts[at]!).read())).toBe(String(at));
    }
    expect([plugin.nextId(), plugin.nextId(), host.nextId()]).toEqual([1, 2, 1]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('gives up an accept and a dial after five seconds', async () => {
    const { clock, host, plugin } = brokerPair();
    const accepted = expect(plugin.accept(3)).rejects.toEqual(code('GOPLUGIN_BROKER_TIMEOUT'));
    const dialled = expect(host.dial(4)).rejects.toMatchObject({
      code: expect.stringMatching(/GOPLUGIN_BROKER_TIMEOUT|YAMUX_STREAM_RESET/) as unknown,
    });
    await clock.advance(5000);
    await Promise.all([accepted, dialled]);
    // The id of a timed-out accept can be used again.
    const again = plugin.accept(3);
    const stream = await host.dial(3);
    await stream.end();
    expect(await (await again).read()).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  test('drops an announced stream that nobody accepts in time', async () => {
    const { clock, hostSession, plugin } = brokerPair();
    const stream = hostSession.open();
    await stream.write(Uint8Array.of(9, 0, 0, 0));
    const reset = expect(stream.read()).rejects.toEqual(code('YAMUX_STREAM_RESET'));
    await clock.advance(5000);
    await reset;
    const accepted = expect(plugin.accept(9)).rejects.toEqual(code('GOPLUGIN_BROKER_TIMEOUT'));
    await clock.advance(5000);
    await accepted;
  });

  test('reads ids split at every byte without holding up other streams', async () => {
    const { clock, hostSession, host, plugin } = brokerPair();
    const slow = hostSession.open();
    await slow.write(Uint8Array.of(0x39, 0x30));
    await clock.advance(0);
    const [fast] = await Promise.all([plugin.accept(1), host.dial(1)]);
    await fast.end();
    await slow.write(Uint8Array.of(0));
    await clock.advance(0);
    // What follows the id in the same piece belongs to the connection.
    await slow.write(Buffer.concat([Uint8Array.of(0), Buffer.from('x')]));
    const accepted = await plugin.accept(12345);
    expect(text(await accepted.read())).toBe('x');
    await accepted.write(Buffer.from('y'));
    await accepted.end();
    await slow.end();
    expect(await accepted.read()).toBeUndefined();
  });

  test('drops a stream that ends or stalls before its id', async () => {
    const { clock, hostSession, pluginSession } = brokerPair();
    await hostSession.open().end();
    await hostSession.open().write(Uint8Array.of(1, 0));
    await clock.advance(4999);
    expect(pluginSession.streamCount).toBe(1);
    await clock.advance(1);
    expect(pluginSession.streamCount).toBe(0);
  });

  test('refuses a wrong acknowledgement', async () => {
    const clock = new FakeClock();
    const [left, right] = duplexPair();
    const session = new YamuxSession(left, { role: 'server', onStream: () => undefined });
    const broker = new MuxBroker(clock, session);
    new YamuxSession(right, {
      role: 'client',
      // In the wrong byte order.
      onStream: (stream) => void stream.write(Uint8Array.of(0, 0, 1, 2)),
    });
    await expect(broker.dial(258)).rejects.toEqual(code('GOPLUGIN_BROKER_BAD_ACK'));
    expect(session.streamCount).toBe(0);
  });

  test('refuses an id awaited or announced twice', async () => {
    const { clock, plugin, hostSession } = brokerPair();
    const first = plugin.accept(5);
    await expect(plugin.accept(5)).rejects.toEqual(code('GOPLUGIN_BROKER_ID_IN_USE'));
    const streams = [hostSession.open(), hostSession.open(), hostSession.open()];
    await streams[0]!.write(Uint8Array.of(5, 0, 0, 0));
    await first;
    await streams[1]!.write(Uint8Array.of(5, 0, 0, 0));
    const refused = streams[2]!.write(Uint8Array.of(5, 0, 0, 0)).then(() => streams[2]!.read());
    await expect(refused).rejects.toEqual(code('YAMUX_STREAM_RESET'));
    await clock.advance(5000);
  });

  test('holds announced streams up to its limit', async () => {
    const { clock, hostSession, pluginSession } = brokerPair();
    for (let id = 1; id <= maxAnnounced + 1; id++) {
      if (id % 100 === 0) await clock.advance(0);
      await hostSession.open().write(Uint8Array.of(id & 0xff, id >>> 8, 0, 0));
    }
    await clock.advance(0);
    expect(pluginSession.streamCount).toBe(maxAnnounced);
    await clock.advance(5000);
    expect(pluginSession.streamCount).toBe(0);
  });

  test('fails whoever waits when the session is over', async () => {
    const { clock, plugin } = brokerPair();
    const accepted = expect(plugin.accept(1)).rejects.toEqual(code('GOPLUGIN_BROKER_CLOSED'));
    plugin.close(new Error('gone'));
    await accepted;
    await expect(plugin.dial(1)).rejects.toEqual(code('GOPLUGIN_BROKER_CLOSED'));
    await expect(plugin.accept(2)).rejects.toEqual(code('GOPLUGIN_BROKER_CLOSED'));
    expect(clock.pendingTimers).toBe(0);
  });
});
