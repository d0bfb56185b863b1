import { describe, expect, test } from '@jest/globals';
import { byteStreamPair, compareBytes, fromHex, toHex, type ByteStream } from '../bytes/index.ts';
import {
  GobEncoder,
  anyValue,
  asStruct,
  bool,
  bytes,
  emptyStruct,
  int,
  interfaceValue,
  slice,
  string,
  stringField,
  struct,
  uint,
  type GobValue,
} from '../gob/index.ts';
import { FakeClock } from '../runtime/index.ts';
import { RpcClient, RpcError, RpcServer, rpcMethod, type RpcHandlers } from './index.ts';

const echo = rpcMethod(struct('Echo', { Text: string }), (argument) => ({
  Text: stringField(asStruct(argument), 'Text'),
}));
const textArgument = struct('Args', { Text: string });

interface Gate {
  open: (value: number) => void;
  method: ReturnType<typeof rpcMethod>;
  signal: AbortSignal | undefined;
}

/** A method that answers when the test says so. */
function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<number>();
  const made: Gate = {
    open: resolve,
    signal: undefined,
    method: rpcMethod(int, (_argument, context) => {
      made.signal = context.signal;
      return promise;
    }),
  };
  return made;
}

function connect(
  handlers: RpcHandlers,
  options: {
    client?: ConstructorParameters<typeof RpcClient>[1];
    server?: ConstructorParameters<typeof RpcServer>[2];
    maxChunkBytes?: number;
  } = {},
): { client: RpcClient; server: RpcServer } {
  const [near, far] = byteStreamPair(
    options.maxChunkBytes === undefined ? {} : { maxChunkBytes: options.maxChunkBytes },
  );
  return {
    client: new RpcClient(near, options.client),
    server: new RpcServer(far, handlers, options.server),
  };
}

async function failure(promise: Promise<unknown>): Promise<RpcError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(RpcError);
  return outcome as RpcError;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('calls', () => {
  test('carries arguments and replies, in pieces of any size', async () => {
    for (const maxChunkBytes of [1, 7, 4096]) {
      const { client } = connect({ 'Plugin.Echo': echo }, { maxChunkBytes });
      for (const Text of ['', 'a', 'ü'.repeat(500)]) {
        const reply = asStruct(await client.call('Plugin.Echo', textArgument, { Text }));
        expect(stringField(reply, 'Text')).toBe(Text);
      }
      await client.close();
    }
  });

  test('answers in the order in which requests end', async () => {
    const [first, second] = [gate(), gate()];
    const { client } = connect({ 'P.First': first.method, 'P.Second': second.method });
    const order: GobValue[] = [];
    const calls = [
      client.call('P.First', emptyStruct, {}).then((value) => order.push(value)),
      client.call('P.Second', emptyStruct, {}).then((value) => order.push(value)),
    ];
    await settle();
    second.open(2);
    await settle();
    first.open(1);
    await Promise.all(calls);
    expect(order).toEqual([2, 1]);
  });

  test('carries megabytes both ways at once over a narrow stream', async () => {
    const { client } = connect({
      'P.Echo': rpcMethod(bytes, (argument) => argument as Uint8Array),
    });
    const body = new Uint8Array(1_500_000).map((_, at) => at);
    const replies = await Promise.all([1, 2, 3].map(() => client.call('P.Echo', bytes, body)));
    for (const reply of replies) expect(compareBytes(reply as Uint8Array, body)).toBe(0);
  });

  test('understands a server that splits values as Go does', async () => {
    const reply = struct('R', { A: anyValue, B: slice(anyValue) });
    const value = { A: interfaceValue('[]string', ['x']), B: [interfaceValue('int64', 5), null] };
    const { client } = connect(
      { 'P.M': rpcMethod(reply, () => value) },
      { server: { style: 'go' } },
    );
    for (let turn = 0; turn < 2; turn++) {
      expect({ ...asStruct(await client.call('P.M', emptyStruct, {})) }).toEqual(value);
    }
  });
});

describe('errors', () => {
  test('uses the texts of Go', async () => {
    const { client } = connect({
      'Plugin.Echo': echo,
      'Plugin.Throws': rpcMethod(emptyStruct, () => {
        throw new Error('went wrong');
      }),
      'Plugin.Rejects': rpcMethod(emptyStruct, () => Promise.reject(new Error('later'))),
    });
    const textOf = async (method: string) => {
      const error = await failure(client.call(method, emptyStruct, {}));
      expect(error).toMatchObject({ code: 'RPC_REMOTE', method });
      return error.message;
    };
    expect(await textOf('Plugin.X')).toBe("rpc: can't find method Plugin.X");
    expect(await textOf('Control.Ping')).toBe("rpc: can't find service Control.Ping");
    expect(await textOf('Ping')).toBe('rpc: service/method request ill-formed: Ping');
    expect(await textOf('Plugin.Throws')).toBe('went wrong');
    expect(await textOf('Plugin.Rejects')).toBe('later');
    // The connection goes on.
    expect(await client.call('Plugin.Echo', textArgument, { Text: 'x' })).toMatchObject({
      Text: 'x',
    });
  });

  test('keeps the connection when an argument cannot be encoded', async () => {
    const { client } = connect({ 'Plugin.Echo': echo });
    const call = client.call('Plugin.Echo', textArgument, { Text: 1 as never });
    expect(await failure(call)).toMatchObject({ code: 'RPC_BAD_ARGUMENT', method: 'Plugin.Echo' });
    expect(client.pendingCalls).toBe(0);
    expect(await client.call('Plugin.Echo', textArgument, { Text: 'x' })).toMatchObject({
      Text: 'x',
    });
  });

  test('answers with an error when a reply cannot be encoded, and keeps the connection', async () => {
    const { client } = connect({
      'P.Bad': rpcMethod(struct('Bad', { A: string }), () => ({ A: 5 as never })),
      'P.Echo': echo,
    });
    expect((await failure(client.call('P.Bad', emptyStruct, {}))).message).toBe(
      'reply cannot be encoded: A: string expected, got number',
    );
    expect(await client.call('P.Echo', textArgument, { Text: 'x' })).toMatchObject({ Text: 'x' });
  });

  test('rejects pending calls when the peer ends, and later ones at once', async () => {
    const waiting = gate();
    const { client, server } = connect({ 'P.Wait': waiting.method });
    const pending = failure(client.call('P.Wait', emptyStruct, {}));
    await settle();
    await server.close();
    expect(await pending).toMatchObject({ code: 'RPC_CLOSED', method: 'P.Wait' });
    expect((await client.closed).code).toBe('RPC_CLOSED');
    expect(client.isClosed).toBe(true);
    expect(waiting.signal?.aborted).toBe(true);
    expect(await failure(client.call('P.Wait', emptyStruct, {}))).toMatchObject({
      code: 'RPC_CLOSED',
    });
    waiting.open(1);
    await settle();
  });

  test('tells handlers when the client is gone', async () => {
    const waiting = gate();
    const { client, server } = connect({ 'P.Wait': waiting.method });
    const pending = failure(client.call('P.Wait', emptyStruct, {}));
    await settle();
    await client.close();
    expect((await pending).code).toBe('RPC_CLOSED');
    expect((await server.closed).message).toBe('the peer ended the connection');
    expect(waiting.signal?.aborted).toBe(true);
  });
});

describe('limits', () => {
  test('times calls out and drops their late replies', async () => {
    const clock = new FakeClock();
    const waiting = gate();
    const { client } = connect(
      { 'P.Wait': waiting.method, 'P.Echo': echo },
      { client: { clock, callTimeoutMs: 1000 } },
    );
    const call = failure(client.call('P.Wait', emptyStruct, {}));
    await clock.advance(999);
    expect(client.pendingCalls).toBe(1);
    await clock.advance(1);
    expect(await call).toMatchObject({
      code: 'RPC_TIMEOUT',
      message: 'P.Wait: no reply within 1000 ms',
    });
    // Its place is taken until the peer answers: a peer that never does cannot pile calls up.
    expect(client.pendingCalls).toBe(1);
    waiting.open(1);
    await settle();
    expect(client.pendingCalls).toBe(0);
    await client.call('P.Echo', textArgument, { Text: 'x' }, { timeoutMs: 5 });
    expect(clock.pendingTimers).toBe(0);
  });

  test('cancels calls by signal', async () => {
    const waiting = gate();
    const { client } = connect({ 'P.Wait': waiting.method });
    const abort = new AbortController();
    const call = failure(client.call('P.Wait', emptyStruct, {}, { signal: abort.signal }));
    abort.abort();
    expect((await call).code).toBe('RPC_CANCELLED');
    const late = client.call('P.Wait', emptyStruct, {}, { signal: abort.signal });
    expect((await failure(late)).code).toBe('RPC_CANCELLED');
    waiting.open(1);
  });

  test('refuses calls above the maximum of pending ones', async () => {
    const waiting = gate();
    const { client } = connect({ 'P.Wait': waiting.method }, { client: { maxPendingCalls: 2 } });
    const calls = [1, 2].map(() => client.call('P.Wait', emptyStruct, {}));
    const third = await failure(client.call('P.Wait', emptyStruct, {}));
    expect(third.code).toBe('RPC_TOO_MANY_CALLS');
    waiting.open(7);
    expect(await Promise.all(calls)).toEqual([7, 7]);
  });

  test('answers requests above the maximum in flight at once', async () => {
    const waiting = gate();
    const { client, server } = connect(
      { 'P.Wait': waiting.method },
      { server: { maxRequestsInFlight: 2 } },
    );
    const calls = [1, 2].map(() => client.call('P.Wait', emptyStruct, {}));
    const third = await failure(client.call('P.Wait', emptyStruct, {}));
    expect(third.message).toBe('rpc: too many requests in flight');
    expect(server.requestsInFlight).toBe(2);
    waiting.open(7);
    expect(await Promise.all(calls)).toEqual([7, 7]);
    await settle();
    expect(server.requestsInFlight).toBe(0);
  });
});

/** One end of a connection as raw bytes. */
async function readAll(stream: ByteStream, count: number): Promise<string> {
  let text = '';
  while (text.length < 2 * count) {
    const chunk = await stream.read();
    if (chunk === undefined) break;
    text += toHex(chunk);
  }
  return text;
}

describe('on the wire', () => {
  const ping =
    '2fff81030101075265717565737401ff82000102010d536572766963654d6574686f64010c0001035365710106000000' +
    '11ff82010c436f6e74726f6c2e50696e67000302000113ff82010c436f6e74726f6c2e50696e67010100' +
    '03020001';

  test('writes requests as Go does', async () => {
    const [near, far] = byteStreamPair();
    const client = new RpcClient(near);
    const calls = [1, 2].map(() => failure(client.call('Control.Ping', bool, true)));
    expect(await readAll(far, ping.length / 2)).toBe(ping);
    await far.end();
    for (const call of calls) expect((await call).code).toBe('RPC_CLOSED');
  });

  test('reads the requests of Go and writes responses as Go does', async () => {
    const [near, far] = byteStreamPair();
    new RpcServer(far, { 'Control.Ping': rpcMethod(emptyStruct, () => ({})) });
    await near.write(fromHex(ping));
    const definition =
      '3aff8103010108526573706f6e736501ff82000103010d536572766963654d6574686f64010c00010353657101060001054572726f72010c000000';
    const wanted =
      `${definition}11ff82010c436f6e74726f6c2e50696e67000aff83030102ff8400000003ff8400` +
      '13ff82010c436f6e74726f6c2e50696e6701010003ff8400';
    expect(await readAll(near, wanted.length / 2)).toBe(wanted);
  });

  test('answers an argument that does not decode, and goes on', async () => {
    const [near, far] = byteStreamPair();
    new RpcServer(far, { 'P.Echo': rpcMethod(string, (argument) => argument as string) });
    const encoder = new GobEncoder();
    const header = struct('Request', { ServiceMethod: string, Seq: uint });
    await near.write(encoder.encode(header, { ServiceMethod: 'P.Echo' }));
    await near.write(fromHex('04 0c 00 05 61'));
    await near.write(encoder.encode(header, { ServiceMethod: 'P.Echo', Seq: 1 }));
    await near.write(encoder.encode(string, 'ok'));
    const client = readAll(near, 150);
    await settle();
    await near.end();
    const text = Buffer.from(await client, 'hex').toString('latin1');
    expect(text).toContain('value is cut');
    expect(text).toMatch(/ok$/);
  });

  test('ends on a header that does not decode and on broken framing', async () => {
    for (const hex of ['05 0c 00 02 61 62', '00']) {
      const [near, far] = byteStreamPair();
      const server = new RpcServer(far, {});
      await near.write(fromHex(hex));
      expect((await server.closed).code).toBe('RPC_BAD_MESSAGE');
      await expect(near.read()).rejects.toMatchObject({ code: 'BYTES_STREAM_DESTROYED' });
    }
  });

  test('ends on a reply to nothing that was asked', async () => {
    const [near, far] = byteStreamPair();
    const client = new RpcClient(near);
    const encoder = new GobEncoder();
    await far.write(encoder.encode(struct('Response', { Seq: uint }), { Seq: 3 }));
    expect(await client.closed).toMatchObject({
      code: 'RPC_BAD_MESSAGE',
      message: 'reply 3 to nothing that was asked',
    });
  });

  test('fails one call, not the connection, on a reply that does not decode', async () => {
    const [near, far] = byteStreamPair();
    const client = new RpcClient(near);
    const encoder = new GobEncoder();
    const header = struct('Response', { ServiceMethod: string, Seq: uint });
    const calls = [1, 2].map(() => client.call('P.M', emptyStruct, {}));
    await far.write(encoder.encode(header, { ServiceMethod: 'P.M' }));
    await far.write(fromHex('04 0c 00 05 61'));
    await far.write(encoder.encode(header, { ServiceMethod: 'P.M', Seq: 1 }));
    await far.write(encoder.encode(string, 'ok'));
    expect((await failure(calls[0]!)).code).toBe('RPC_BAD_MESSAGE');
    expect(await calls[1]).toBe('ok');
  });
});
