import { isDeepStrictEqual } from 'node:util';
import {
  GobEncoder,
  anyValue,
  emptyStruct,
  int,
  interfaceMap,
  interfaceValue,
  slice,
  string,
  struct,
  uint,
  type GobStruct,
  type GobValue,
} from '../../lib/gob/index.ts';
import { RpcClient, RpcError, RpcServer, rpcMethod } from '../../lib/netrpc/index.ts';
import { FedStream } from './fed-stream.ts';
import { cut, mutate } from './mutate.ts';
import { NaiveEnd, NaiveGobReader, NaiveRefusal } from './naive-gob.ts';
import type { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';

const request = struct('Request', { ServiceMethod: string, Seq: uint });
const response = struct('Response', { ServiceMethod: string, Seq: uint, Error: string });
const argument = struct('Z_Args', { A: string, B: slice(int), C: anyValue, D: interfaceMap });
const methods = ['Plugin.Echo', 'Plugin.Fail', 'Plugin.Nothing', 'Else.Echo', 'Echo'];

/** A server whose client is hostile: it answers exactly the requests that a naive reader finds. */
export const rpcServerTarget = (seeds: readonly Uint8Array[]): FuzzTarget => ({
  name: 'netrpc server',
  batch: 64,
  async run(random) {
    const bytes = disturb(random, makeRequests(random), seeds);
    const stream = new FedStream(cut(random, bytes));
    const server = new RpcServer(stream, {
      'Plugin.Echo': rpcMethod(emptyStruct, () => ({})),
      'Plugin.Fail': rpcMethod(emptyStruct, () => {
        throw new Error('no');
      }),
    });
    await turn();
    stream.finish();
    const reason = await server.closed;
    if (!(reason instanceof RpcError)) throw new Error(`closed by ${String(reason)}`);
    const answers = pairsIn(stream.written).map(({ header }) => header);
    expectAnswers(answers, bytes);
  },
});

/** A client whose server is hostile: a call gets what a naive reader finds for it, or a coded error. */
export const rpcClientTarget = (seeds: readonly Uint8Array[]): FuzzTarget => ({
  name: 'netrpc client',
  batch: 64,
  async run(random) {
    const calls = 1 + random.below(4);
    const bytes = disturb(random, makeResponses(random, calls), seeds);
    const stream = new FedStream(cut(random, bytes));
    const client = new RpcClient(stream);
    const outcomes = Array.from({ length: calls }, () =>
      client.call('Plugin.Echo', string, 'x').then(
        (reply) => ({ reply }),
        (error: unknown) => {
          if (error instanceof RpcError) return { code: error.code };
          throw error;
        },
      ),
    );
    await turn();
    stream.finish();
    await client.closed;
    const found = await Promise.all(outcomes);
    const pairs = pairsIn(bytes);
    found.forEach((outcome, seq) => {
      if (!('reply' in outcome)) return;
      const pair = pairs.find(({ header }) => (header['Seq'] ?? 0) === seq);
      expectSame(outcome.reply, pair?.body, bytes);
      if ((pair?.header['Error'] ?? '') !== '') throw new Error('an error became a reply');
    });
  },
});

function disturb(random: Random, bytes: Uint8Array, seeds: readonly Uint8Array[]): Uint8Array {
  if (random.oneIn(4)) return bytes;
  return mutate(random, random.oneIn(5) ? random.pick(seeds) : bytes, random.pick(seeds));
}

function makeRequests(random: Random): Uint8Array {
  const encoder = new GobEncoder({ style: random.pick(['go', 'explicit']) });
  const count = 1 + random.below(3);
  const parts = Array.from({ length: count }, (_, seq) =>
    encoder.encodeAll([
      { schema: request, value: { ServiceMethod: random.pick(methods), Seq: seq } },
      { schema: argument, value: makeArgument(random) },
    ]),
  );
  return new Uint8Array(Buffer.concat(parts));
}

function makeResponses(random: Random, count: number): Uint8Array {
  const encoder = new GobEncoder({ style: random.pick(['go', 'explicit']) });
  const parts = Array.from({ length: count }, (_, at) => {
    const isError = random.oneIn(4);
    const header = {
      ServiceMethod: 'Plugin.Echo',
      Seq: random.oneIn(10) ? random.below(5) : count - 1 - at,
      Error: isError ? 'refused' : '',
    };
    const body = isError
      ? { schema: emptyStruct, value: {} }
      : { schema: argument, value: makeArgument(random) };
    return encoder.encodeAll([{ schema: response, value: header }, body]);
  });
  return new Uint8Array(Buffer.concat(parts));
}

function makeArgument(random: Random) {
  return {
    A: random.pick(['', 'key', 'ü']),
    B: Array.from({ length: random.below(3) }, () => random.u32()),
    C: random.pick([null, interfaceValue('string', 's'), interfaceValue('[]interface {}', [null])]),
    D: new Map([['k', random.oneIn(2) ? null : interfaceValue('float64', 1.5)]]),
  };
}

interface Pair {
  header: GobStruct;
  /** Undefined when it does not decode. */
  body: GobValue | undefined;
}

/** Header and body of every exchange up to the first header that is not right. */
function pairsIn(bytes: Uint8Array): Pair[] {
  const reader = new NaiveGobReader(bytes);
  const pairs: Pair[] = [];
  for (;;) {
    const header = nextIn(reader);
    if (header.end !== undefined || !isHeader(header.value)) return pairs;
    const body = nextIn(reader);
    if (body.end === 'over') return pairs;
    pairs.push({ header: header.value, body: body.end === undefined ? body.value : undefined });
  }
}

function nextIn(
  reader: NaiveGobReader,
): { end: undefined; value: GobValue } | { end: 'over' | 'refused' } {
  try {
    return { end: undefined, value: reader.next() };
  } catch (error) {
    if (error instanceof NaiveEnd) return { end: 'over' };
    if (error instanceof NaiveRefusal) return { end: 'refused' };
    throw error;
  }
}

function isHeader(value: GobValue): value is GobStruct {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== null) {
    return false;
  }
  const { ServiceMethod: method = '', Seq: seq = 0, Error: error = '' } = value as GobStruct;
  return typeof method === 'string' && typeof error === 'string' && isSeq(seq);
}

/** Hostile definitions may make it a float or negative: no connection goes on behind that. */
const isSeq = (seq: GobValue) =>
  typeof seq === 'bigint' ? seq >= 0n : Number.isSafeInteger(seq) && Number(seq) >= 0;

/**
 * Every exchange before the first argument that does not decode is answered as it must be; those
 * behind it may be, unless the server has ended the connection.
 */
function expectAnswers(answers: GobStruct[], bytes: Uint8Array): void {
  const pairs = pairsIn(bytes);
  const refused = pairs.findIndex(({ body }) => body === undefined);
  const certain = refused < 0 ? pairs : pairs.slice(0, refused);
  const left = answers.map(show);
  for (const { header } of certain) {
    const at = left.indexOf(show(answerTo(header)));
    if (at < 0) throw new Error(`${toHex(bytes)}\n no ${show(answerTo(header))} in ${left.join()}`);
    left.splice(at, 1);
  }
  const possible = pairs.slice(certain.length);
  for (const answer of left) {
    const at = possible.findIndex(({ header, body }) =>
      body === undefined ? answer.includes('"Error"') : answer === show(answerTo(header)),
    );
    if (at < 0) throw new Error(`${toHex(bytes)}\n ${answer} answers nothing`);
    possible.splice(at, 1);
  }
}

function answerTo({ ServiceMethod: method = '', Seq: seq = 0 }: GobStruct): GobStruct {
  const error = errorOf(method as string);
  return {
    ServiceMethod: method,
    ...(seq === 0 ? {} : { Seq: seq }),
    ...(error === '' ? {} : { Error: error }),
  };
}

function errorOf(method: string): string {
  if (method === 'Plugin.Echo') return '';
  if (method === 'Plugin.Fail') return 'no';
  const dot = method.lastIndexOf('.');
  if (dot < 0) return `rpc: service/method request ill-formed: ${method}`;
  return `rpc: can't find ${method.slice(0, dot) === 'Plugin' ? 'method' : 'service'} ${method}`;
}

function expectSame(found: unknown, expected: unknown, bytes: Uint8Array): void {
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error(`${toHex(bytes)}\n found ${show(found)}\n wanted ${show(expected)}`);
}

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function show(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? `${part}n` : part instanceof Map ? [...part] : part,
  );
}

/** Lets everything that is not waiting for the stream run. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
