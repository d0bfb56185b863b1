import { systemClock, systemRng, type Clock, type Rng } from '../../runtime/index.ts';
import { bodyChunks } from '../body-chunks.ts';
import { probeStore } from '../check.ts';
import { StoreError } from '../errors.ts';
import { checkKey, checkPrefix, isKey } from '../keys.ts';
import { abandonTimeoutMs, maxPartBytes, maxParts, minPartBytes } from '../limits.ts';
import type {
  ByteRange,
  CallOptions,
  GetOptions,
  ListEntry,
  ListOptions,
  ObjectBody,
  ObjectContent,
  ObjectHead,
  ObjectStore,
  PutOptions,
} from '../object-store.ts';
import { partsOf } from './parts.ts';
import { PathPrefix } from './path-prefix.ts';
import { RemoteBody } from './remote-body.ts';
import type { RemoteClient, RemoteContent, RemoteUpload } from './remote-client.ts';
import { withRetries } from './retry.ts';

/** What every store on the network needs. */
export interface RemoteStoreOptions {
  /** Makes the client when it is first needed: its code is loaded then and not before. */
  connect: () => Promise<RemoteClient>;
  pathPrefix: string;
  /** Size of the parts of large uploads, within the limits of `limits.ts`. */
  partBytes: number;
  clock?: Clock;
  rng?: Rng;
}

/**
 * Objects of a service on the network. A request that fails for the moment is sent again with the
 * same bytes, so a part of an upload is held in memory: at most two parts at once.
 */
export class RemoteStore implements ObjectStore {
  readonly #connect: () => Promise<RemoteClient>;
  readonly #prefix: PathPrefix;
  readonly #partBytes: number;
  readonly #clock: Clock;
  readonly #rng: Rng;
  #client: Promise<RemoteClient> | undefined;

  constructor(options: RemoteStoreOptions) {
    this.#connect = options.connect;
    this.#prefix = new PathPrefix(options.pathPrefix);
    this.#partBytes = Math.min(Math.max(options.partBytes, minPartBytes), maxPartBytes);
    this.#clock = options.clock ?? systemClock;
    this.#rng = options.rng ?? systemRng;
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<ObjectHead> {
    checkKey(key);
    const { signal } = options;
    const partBytes = Math.max(this.#partBytes, Math.ceil((options.sizeBytes ?? 0) / maxParts));
    const parts = partsOf(bodyChunks(body, key, options), partBytes, options.sizeBytes);
    const sizeBytes = await this.#send(key, parts, signal);
    const head = await this.#run(key, signal, (client, name) => client.head(name, signal));
    if (head?.sizeBytes !== sizeBytes) {
      const kept = head === undefined ? 'nothing' : `${String(head.sizeBytes)} bytes`;
      const message = `the store took ${String(sizeBytes)} bytes and has ${kept}`;
      throw new StoreError('STORE_SIZE_MISMATCH', message, key);
    }
    return head;
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectContent> {
    checkKey(key);
    const { signal } = options;
    const range = options.range === undefined ? undefined : checkRange(options.range, key);
    const open = (asked: { start: number; end: number | undefined } | undefined) =>
      this.#run(key, signal, (client, name) => client.open(name, asked, signal));
    const client = await this.#clientFor(key);
    const first = await open(range);
    if (range !== undefined) checkGiven(first, range, key);
    const body = new RemoteBody(first, {
      ...this.#tryOptions(client, key, signal),
      reopen: (start) => open({ start, end: first.end }),
    });
    const { start, end, sizeBytes: totalBytes, etag, modifiedMs } = first;
    return { sizeBytes: end - start, totalBytes, etag, modifiedMs, body };
  }

  async head(key: string, { signal }: CallOptions = {}): Promise<ObjectHead | undefined> {
    checkKey(key);
    return await this.#run(key, signal, (client, name) => client.head(name, signal));
  }

  async *list(options: ListOptions): AsyncGenerator<ListEntry, void, undefined> {
    const { prefix, delimiter, signal } = options;
    checkPrefix(prefix);
    let token: string | undefined;
    do {
      const page = await this.#run(prefix, signal, (client, name) =>
        client.listPage({ prefix: name, delimiter, token }, signal),
      );
      yield* this.#entriesOf(page.entries);
      if (page.next !== undefined && page.next === token) {
        throw new StoreError('STORE_FAILED', 'the listing does not go on', prefix);
      }
      token = page.next;
    } while (token !== undefined);
  }

  async delete(key: string, { signal }: CallOptions = {}): Promise<void> {
    checkKey(key);
    await this.#run(key, signal, (client, name) => client.delete(name, signal));
  }

  async check(key: string, options: CallOptions = {}): Promise<void> {
    await probeStore(this, key, options);
  }

  /** Ends all connections; the store is of no use afterwards. */
  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    client?.close();
  }

  /** Sends parts, in one request when there is only one; returns the bytes sent. */
  async #send(
    key: string,
    parts: AsyncIterable<{ bytes: Uint8Array; isLast: boolean }>,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    let upload: RemoteUpload | undefined;
    let number = 0;
    let sizeBytes = 0;
    try {
      for await (const { bytes, isLast } of parts) {
        sizeBytes += bytes.length;
        if (isLast && upload === undefined) {
          await this.#run(key, signal, (client, name) => client.put(name, bytes, signal));
          return sizeBytes;
        }
        const current = (upload ??= await this.#run(key, signal, (client, name) =>
          client.startUpload(name, signal),
        ));
        if (++number > maxParts) throw tooManyParts(key);
        const at = number;
        await this.#run(key, signal, () => current.putPart(at, bytes, signal));
      }
      await this.#run(key, signal, () => upload!.complete(signal));
      return sizeBytes;
    } catch (error) {
      // The store forgets unfinished uploads by itself too; what made this one fail is told.
      await upload?.abandon(AbortSignal.timeout(abandonTimeoutMs)).catch(() => undefined);
      throw ownError(error, key);
    }
  }

  async #run<T>(
    key: string,
    signal: AbortSignal | undefined,
    request: (client: RemoteClient, name: string) => Promise<T>,
  ): Promise<T> {
    const client = await this.#clientFor(key);
    const name = this.#prefix.nameOf(key);
    return await withRetries(this.#tryOptions(client, key, signal), () => request(client, name));
  }

  #tryOptions(client: RemoteClient, key: string, signal: AbortSignal | undefined) {
    const explain = (error: unknown) => client.explain(error);
    return { clock: this.#clock, rng: this.#rng, key, signal, explain };
  }

  async #clientFor(key: string): Promise<RemoteClient> {
    this.#client ??= this.#connect();
    try {
      return await this.#client;
    } catch (error) {
      this.#client = undefined;
      if (error instanceof StoreError) throw error;
      // Its text may have the keys that were refused.
      const message = 'the settings of the file store cannot be used';
      throw new StoreError('STORE_BAD_SETTINGS', message, key);
    }
  }

  /** In byte order; names that are no keys are somebody else's and are passed over. */
  #entriesOf(entries: readonly ListEntry[]): ListEntry[] {
    const own: { entry: ListEntry; order: Buffer }[] = [];
    for (const entry of entries) {
      const key = this.#prefix.keyOf(entry.key);
      const isFolded = entry.kind === 'prefix';
      if (key === undefined || !isKey(isFolded ? key.replace(/\/$/, '') : key)) continue;
      own.push({ entry: { ...entry, key }, order: Buffer.from(key) });
    }
    return own.sort((a, b) => Buffer.compare(a.order, b.order)).map(({ entry }) => entry);
  }
}

/** A failing body of the caller becomes an error of the store, as in every driver. */
function ownError(error: unknown, key: string): StoreError {
  if (error instanceof StoreError) return error;
  const cause = error instanceof Error ? error : undefined;
  return new StoreError('STORE_FAILED', 'the body to write failed', key, { cause });
}

function tooManyParts(key: string): StoreError {
  const message = `the object needs more than ${String(maxParts)} parts: configure larger ones`;
  return new StoreError('STORE_TOO_LARGE', message, key);
}

/** Some stores answer with nothing, or with something else, where no byte is in the range. */
function checkGiven(first: RemoteContent, range: { start: number }, key: string): void {
  if (first.start === range.start && first.end > first.start) return;
  first.body.destroy();
  if (range.start >= first.sizeBytes) {
    throw new StoreError('STORE_BAD_RANGE', 'no byte of the object is in the range', key);
  }
  throw new StoreError('STORE_FAILED', 'the store sends other bytes than were asked for', key);
}

function checkRange(range: ByteRange, key: string): { start: number; end: number | undefined } {
  const { start, end } = range;
  const isSound = Number.isSafeInteger(start) && start >= 0 && (end ?? start + 1) > start;
  if (isSound) return { start, end };
  const message = `bytes ${String(start)} to ${String(end ?? 'the end')} are no range`;
  throw new StoreError('STORE_BAD_RANGE', message, key);
}
