import type { ServerResponse } from 'node:http';
import { emptyStruct, type GobValue } from '../../lib/gob/index.ts';
import { rpcMethod, type RpcHandlers } from '../../lib/netrpc/index.ts';
import { header } from './wire.ts';

/** The response to one request with the rules of Go's `http.ResponseWriter`. */
export class HostResponse {
  readonly #response: ServerResponse;
  readonly #isHead: boolean;
  #header: Map<string, string[]>;
  #status: number | undefined;
  #declaredBytes: number | undefined;
  #writtenBytes = 0;
  #isHijacked = false;

  /** `ownHeader` is what the server itself sets; a plugin that does not send it back deletes it. */
  constructor(response: ServerResponse, isHead: boolean, ownHeader: Map<string, string[]>) {
    this.#response = response;
    this.#isHead = isHead;
    this.#header = ownHeader;
  }

  get hasBegun(): boolean {
    return this.#status !== undefined;
  }

  /** The response writer as the plugin sees it. */
  handlers(): RpcHandlers {
    return {
      'Plugin.Header': rpcMethod(header, () => this.#header),
      'Plugin.SyncHeader': rpcMethod(emptyStruct, (argument) => {
        this.#header = toHeader(argument);
        return {};
      }),
      'Plugin.WriteHeader': rpcMethod(emptyStruct, (argument) => {
        this.writeHead(Number(argument));
        return {};
      }),
      'Plugin.Write': rpcMethod(emptyStruct, async (argument) => {
        await this.write(argument as Uint8Array);
        return {};
      }),
      'Plugin.HijackResponse': rpcMethod(emptyStruct, () => {
        this.#isHijacked = true;
        return {};
      }),
      'Plugin.HjConnClose': rpcMethod(emptyStruct, () => {
        if (!this.#isHijacked) throw new Error('connection was not hijacked');
        this.#response.destroy();
        return {};
      }),
      'Plugin.Flush': rpcMethod(emptyStruct, () => {
        this.writeHead(200);
        this.#response.flushHeaders();
        return {};
      }),
    };
  }

  writeHead(status: number): void {
    if (!Number.isInteger(status) || status < 100 || status > 999) {
      throw new Error(`invalid http status code: ${String(status)}`);
    }
    // Informational answers go out beside the real one; nobody here asks for them.
    if (this.#status !== undefined || (status < 200 && status !== 101)) return;
    this.#status = status;
    const declared = this.#header.get('Content-Length')?.[0];
    this.#declaredBytes = declared === undefined ? undefined : Number(declared);
    if (this.#response.destroyed) return;
    const pairs = [...this.#header].flatMap(([name, values]) =>
      values.flatMap((value) => [name, Buffer.from(value).toString('latin1')]),
    );
    this.#response.writeHead(status, pairs);
  }

  /** Resolves when the client can take more; rejects when it is gone. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isHijacked) throw new Error('http: connection has been hijacked');
    this.writeHead(200);
    if (!this.#mayHaveBody()) {
      throw new Error('http: request method or response status code does not allow body');
    }
    this.#writtenBytes += bytes.length;
    if (this.#declaredBytes !== undefined && this.#writtenBytes > this.#declaredBytes) {
      throw new Error('http: wrote more than the declared Content-Length');
    }
    if (this.#isHead || bytes.length === 0) return;
    const response = this.#response;
    if (response.destroyed) throw new Error('write: broken pipe');
    if (response.write(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const settle = () => {
        response.off('drain', settle);
        response.off('close', settle);
        if (response.destroyed) reject(new Error('write: broken pipe'));
        else resolve();
      };
      response.once('drain', settle);
      response.once('close', settle);
    });
  }

  /** The plugin is done. A body of another length than declared ends by closing the connection. */
  end(): void {
    if (this.#isHijacked) return;
    this.writeHead(200);
    const isMiscounted =
      !this.#isHead &&
      this.#mayHaveBody() &&
      this.#declaredBytes !== undefined &&
      this.#writtenBytes !== this.#declaredBytes;
    if (isMiscounted) this.#response.destroy();
    else this.#response.end();
  }

  #mayHaveBody(): boolean {
    return this.#status !== 204 && this.#status !== 304 && (this.#status ?? 200) >= 200;
  }
}

function toHeader(argument: GobValue): Map<string, string[]> {
  if (!(argument instanceof Map)) throw new Error('SyncHeader takes a header');
  return new Map(
    [...argument].map(([name, values]) => [name as string, (values as GobValue[]).map(String)]),
  );
}
