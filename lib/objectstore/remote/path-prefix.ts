import { posix } from 'node:path';
import { StoreError } from '../errors.ts';

/**
 * Names in a bucket below the configured prefix, joined and cleaned as the host's own client does:
 * `a//b/` is `a/b`, a leading slash stays.
 */
export class PathPrefix {
  readonly #prefix: string;
  readonly #leadsOut: boolean;

  constructor(configured: string) {
    const clean = configured === '' ? '' : posix.normalize(configured).replace(/\/$/, '');
    this.#leadsOut = clean.split('/').includes('..');
    const isNothing = clean === '' || clean === '.';
    this.#prefix = isNothing ? (configured.startsWith('/') ? '/' : '') : `${clean}/`;
  }

  /** Throws when the prefix cannot be used: with the first request, as other wrong settings do. */
  nameOf(key: string): string {
    if (this.#leadsOut) {
      const message = 'the path prefix leads out of the bucket';
      throw new StoreError('STORE_BAD_SETTINGS', message, '');
    }
    return this.#prefix + key;
  }

  /** Undefined for a name that is not below the prefix. */
  keyOf(name: string): string | undefined {
    return name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : undefined;
  }
}
