import type { GobInput, GobValue } from '../../../lib/gob/index.ts';
import { type RpcClient, RpcError } from '../../../lib/netrpc/index.ts';
import { maxWriteBytes } from '../limits.ts';
import { writerArguments } from '../schemas.ts';

/** Headers of the connection between our own two ends. */
const connectionHeaders = new Set(['Connection', 'Keep-Alive', 'Transfer-Encoding']);

/** What the server's response writer can do, as far as it was tried. */
export interface WriterFeatures {
  /** Older servers do not know the call; undefined until the first try. */
  canFlush: boolean | undefined;
}

/** The server's response writer. Its calls depend on their order, so each waits for the last. */
export class ResponseWriter {
  readonly #client: RpcClient;
  readonly #features: WriterFeatures;
  #hasHead = false;

  /** `features` are shared by all writers of one server. */
  constructor(client: RpcClient, features: WriterFeatures = { canFlush: undefined }) {
    this.#client = client;
    this.#features = features;
  }

  /** Whether status and headers may have reached the client. */
  get hasHead(): boolean {
    return this.#hasHead;
  }

  /** Sends status and headers; `rawHeaders` are names and values in turn, as Node has them. */
  async writeHead(status: number, rawHeaders: readonly string[]): Promise<void> {
    // What is not sent back is deleted, the server's own security headers too.
    const current = await this.#client.call('Plugin.Header', writerArguments.Header, {});
    const merged = mergeHeaders(current, rawHeaders);
    await this.#client.call('Plugin.SyncHeader', writerArguments.SyncHeader, merged);
    this.#hasHead = true;
    await this.#client.call('Plugin.WriteHeader', writerArguments.WriteHeader, status);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += maxWriteBytes) {
      const chunk = bytes.subarray(at, at + maxWriteBytes);
      await this.#client.call('Plugin.Write', writerArguments.Write, chunk);
    }
  }

  /** Makes what was written reach the client now, where the server can. */
  async flush(): Promise<void> {
    if (this.#features.canFlush === false) return;
    try {
      await this.#client.call('Plugin.Flush', writerArguments.Flush, {});
      this.#features.canFlush = true;
    } catch (error) {
      if (!(error instanceof RpcError) || error.code !== 'RPC_REMOTE') throw error;
      this.#features.canFlush = false;
    }
  }

  /**
   * Breaks the client's connection, so that it does not take a cut answer for a whole one. False
   * when the server cannot, as with HTTP/2.
   */
  async breakOff(): Promise<boolean> {
    try {
      await this.#client.call('Plugin.HijackResponse', writerArguments.HijackResponse, {});
      await this.#client.call('Plugin.HjConnClose', writerArguments.HjConnClose, {});
      return true;
    } catch (error) {
      if (error instanceof RpcError) return false;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** The server's headers with ours in their place. */
function mergeHeaders(
  current: GobValue,
  rawHeaders: readonly string[],
): GobInput<typeof writerArguments.SyncHeader> {
  const merged = new Map<string, string[]>();
  if (current instanceof Map) {
    for (const [name, values] of current) {
      if (typeof name === 'string' && Array.isArray(values)) merged.set(name, values.map(String));
    }
  }
  const own = new Map<string, string[]>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = canonicalName(rawHeaders[at] ?? '');
    if (connectionHeaders.has(name)) continue;
    const text = Buffer.from(rawHeaders[at + 1] ?? '', 'latin1').toString();
    own.set(name, [...(own.get(name) ?? []), text]);
  }
  for (const [name, values] of own) merged.set(name, values);
  return merged;
}

/** Go looks headers up by this spelling: `etag` and `ETag` are `Etag`. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (part) => part.toUpperCase());
}
