import { createHash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { FakeHost } from '../fake-host-fixture.ts';

/** Hosts whose plugins serve HTTP; {@link HttpHosts.end} ends those of a test. */
export class HttpHosts {
  readonly #hosts: FakeHost[] = [];

  /** A host whose plugin serves HTTP with `listener`. */
  async serving(listener: RequestListener): Promise<FakeHost> {
    const host = await FakeHost.active({ requestListener: listener });
    this.#hosts.push(host);
    return host;
  }

  /** The exit codes of the plugins. */
  async end(): Promise<number[]> {
    const codes: number[] = [];
    for (const host of this.#hosts.splice(0)) codes.push(await host.stop());
    return codes;
  }
}

export const tenMegabytes = 10 * 1024 * 1024;

/** Bytes that repeat after 64 KiB and not before. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 7 + (at >>> 8)) & 0xff;
  return bytes;
}

export const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
