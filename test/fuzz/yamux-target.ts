import { Duplex } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { YamuxError, YamuxSession, encodeFrame, type YamuxStream } from '../../lib/yamux/index.ts';
import { mutate } from './mutate.ts';
import { NaiveYamux } from './naive-yamux.ts';
import type { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';

const maxStreams = 4;
const maxUnreadBytes = maxStreams * 256 * 1024;

/**
 * A session takes the frames of a peer that is mostly, but not always, right. What arrives on each
 * stream, which frames are answered and which end the session must be as in the naive model. In every
 * other run the streams are used meanwhile; then only the invariants hold.
 */
export const yamuxTarget = (seeds: readonly Uint8Array[]): FuzzTarget => ({
  name: 'yamux',
  async run(random) {
    const frames = random.oneIn(8) ? random.pick(seeds) : makeFrames(random);
    const bytes = random.oneIn(2) ? frames : mutate(random, frames, random.pick(seeds));
    if (random.oneIn(4)) await useStreams(random, bytes);
    else await compareWithNaive(random, bytes);
  },
});

/** Also for stored inputs. */
export async function compareWithNaive(random: Random, bytes: Uint8Array): Promise<void> {
  const { session, socket, accepted } = openSession();
  socket.feed(random, bytes);
  await turns();
  const expected = new NaiveYamux(maxStreams).read(bytes);
  // Before anything is read: reading gives credit, which is a frame too.
  const answers = socket.written();
  const error = await errorOf(session);
  const found = { error, streams: await Promise.all(accepted.map(readBuffered)), answers };
  if (expected.error !== undefined) {
    // What had not left when the session failed is dropped.
    found.answers = [];
    expected.answers = [];
  }
  session.close();
  if (isDeepStrictEqual(found, expected)) return;
  const show = (value: unknown) => JSON.stringify(value).slice(0, 1000);
  throw new Error(`${hex(bytes)}\n found ${show(found)}\n wanted ${show(expected)}`);
}

/** Reads, writes, ends and gives up streams between the pieces; every failure must be a coded one. */
async function useStreams(random: Random, bytes: Uint8Array): Promise<void> {
  const { session, socket, accepted } = openSession();
  const outcomes: Promise<unknown>[] = [];
  const busy = new Set<YamuxStream>();
  if (random.oneIn(2)) accepted.push(session.open());
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + random.below(40);
    socket.emit('data', bytes.subarray(at, end));
    at = end;
    const stream = accepted[random.below(accepted.length + 1)];
    if (stream === undefined || busy.has(stream)) continue;
    busy.add(stream);
    outcomes.push(useOnce(random, stream).finally(() => busy.delete(stream)));
    if (random.oneIn(4)) await turns();
    const unread = accepted.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0);
    if (unread > maxUnreadBytes) throw new Error(`${unread} bytes unread: ${hex(bytes)}`);
    if (session.streamCount > maxStreams) throw new Error(`${session.streamCount} streams`);
  }
  session.close();
  for (const outcome of await Promise.allSettled(outcomes)) {
    if (outcome.status === 'rejected' && !(outcome.reason instanceof YamuxError)) {
      throw new Error(`${String(outcome.reason)}: ${hex(bytes)}`, { cause: outcome.reason });
    }
  }
}

async function useOnce(random: Random, stream: YamuxStream): Promise<unknown> {
  switch (random.below(5)) {
    case 0:
      return stream.end();
    case 1:
      stream.destroy();
      return undefined;
    case 2:
      return stream.write(random.bytes(random.below(50)));
    default:
      return stream.read();
  }
}

function openSession() {
  const socket = new FedSocket();
  const accepted: YamuxStream[] = [];
  const session = new YamuxSession(socket, {
    role: 'server',
    onStream: (stream) => accepted.push(stream),
    maxStreams,
  });
  return { session, socket, accepted };
}

/** A socket that is fed by hand and keeps what is written to it. */
class FedSocket extends Duplex {
  readonly #written: Uint8Array[] = [];

  override _read(): void {
    // Data comes by emit alone.
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#written.push(chunk);
    done();
  }

  feed(random: Random, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const end = random.oneIn(3) ? bytes.length : at + 1 + random.below(30);
      this.emit('data', bytes.subarray(at, end));
      at = end;
    }
  }

  /** Headers of the frames we sent; in these runs none has a body. */
  written(): string[] {
    const bytes = Buffer.concat(this.#written);
    const headers: string[] = [];
    for (let at = 0; at < bytes.length; at += 12) {
      headers.push(bytes.subarray(at, at + 12).toString('hex'));
    }
    return headers;
  }
}

async function errorOf(session: YamuxSession): Promise<string | undefined> {
  const error = await Promise.race([session.closed, Promise.resolve(undefined)]);
  return error?.code;
}

async function readBuffered(stream: YamuxStream) {
  const chunks: Uint8Array[] = [];
  while (stream.bufferedBytes > 0) chunks.push((await stream.read()) ?? new Uint8Array(0));
  return { id: stream.id, bytes: Buffer.concat(chunks).toString('latin1') };
}

/** Lets promise reactions run; no timer or socket is involved. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await Promise.resolve();
}

function makeFrames(random: Random): Uint8Array {
  const frames: Uint8Array[] = [];
  const opened: number[] = [];
  for (let left = 1 + random.below(12); left > 0; left--) {
    const isNew = random.oneIn(3) && opened.length < 6;
    if (isNew) opened.push(opened.length * 2 + 1);
    const streamId = isNew ? (opened.at(-1) ?? 1) : random.pick([...opened, ...opened, 0, 2, 99]);
    const flags = (isNew ? 1 : 0) | random.pick([0, 0, 0, 0, 2, 4, 8, 6, 12]);
    const type = random.pick([0, 0, 0, 1, 1, 2, random.oneIn(20) ? 3 : 0] as const);
    const body = type === 0 ? makeBody(random) : undefined;
    const amount = random.pick([0, 0, 1, 131_072, 0xffff_ffff - 262_144, 0xffff_ffff]);
    const length = body?.length ?? (type === 3 ? random.below(3) : amount);
    const pingFlags = random.pick([1, 2, 0]);
    frames.push(
      encodeFrame({ type, flags: type === 2 ? pingFlags : flags, streamId, length }, body),
    );
  }
  return Buffer.concat(frames);
}

/** Rarely so long that the window of 256 KiB is used up. */
function makeBody(random: Random): Uint8Array {
  if (!random.oneIn(3000)) return random.bytes(random.pick([0, 1, 3, 20, 60]));
  return new Uint8Array(262_144 - random.below(3) + random.below(3)).fill(random.below(256));
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 400)).toString('hex');
