import { compareBytes, compareUtf8 } from '../../lib/bytes/index.ts';
import type { Clock } from '../../lib/runtime/index.ts';
import { AppError } from './app-error.ts';

interface Row {
  value: Uint8Array;
  /** 0 keeps it for ever. */
  expireAtMs: number;
}

export interface KvOptions {
  isAtomic: boolean;
  oldValue: Uint8Array | undefined;
  expireInSeconds: number;
}

/** Longest key in characters. */
const maxKeyLength = 150;
const defaultPerPage = 10;

/**
 * The plugin's table of keys and values, by the server's rules: an empty value is no value, expiry
 * is in whole seconds on the server's own clock, compare-and-set compares bytes.
 */
export class KvStore {
  readonly #clock: Clock;
  readonly #rows = new Map<string, Row>();
  /** Why the database does nothing, as it says it; undefined when it works. */
  outage: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): Uint8Array | undefined {
    this.#checkDatabase();
    const row = this.#rows.get(key);
    if (row === undefined) return undefined;
    return row.expireAtMs === 0 || row.expireAtMs > this.#clock.nowMs() ? row.value : undefined;
  }

  /** False when an atomic write lost. Without a value the key is deleted. */
  set(key: string, value: Uint8Array | undefined, options: Partial<KvOptions> = {}): boolean {
    checkKey(key);
    this.#checkDatabase();
    const { isAtomic = false, expireInSeconds = 0 } = options;
    const oldValue = nonEmpty(options.oldValue);
    if (!isAtomic && oldValue !== undefined) {
      throw refused('model.plugin_kvset_options.is_valid.old_value.app_error', 'not atomic');
    }
    const stored = nonEmpty(value);
    if (isAtomic) {
      // What was not there cannot have been deleted.
      if (stored === undefined && oldValue === undefined) return false;
      if (!isSame(this.get(key), oldValue)) return false;
    }
    if (stored === undefined) {
      this.#rows.delete(key);
      return true;
    }
    const expireAtMs = expireInSeconds === 0 ? 0 : this.#clock.nowMs() + expireInSeconds * 1000;
    this.#rows.set(key, { value: stored.slice(), expireAtMs });
    return true;
  }

  deleteAll(): void {
    this.#rows.clear();
  }

  /** Unexpired keys in order; pages count from 0. */
  list(page: number, perPage: number): string[] {
    this.#checkDatabase();
    const size = perPage <= 0 ? defaultPerPage : perPage;
    const start = Math.max(0, page) * size;
    const keys = [...this.#rows.keys()].filter((key) => this.get(key) !== undefined);
    return keys.sort(compareUtf8).slice(start, start + size);
  }

  #checkDatabase(): void {
    if (this.outage !== undefined) throw failed(this.outage);
  }
}

function failed(detail: string): AppError {
  return new AppError({ id: 'app.plugin_store.get.app_error', where: 'KV', detail, status: 500 });
}

function checkKey(key: string): void {
  const { length } = Array.from(key);
  if (length > 0 && length <= maxKeyLength) return;
  throw refused('model.plugin_key_value.is_valid.key.app_error', `key of ${String(length)}`);
}

function nonEmpty(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined || value.length === 0 ? undefined : value;
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return compareBytes(a, b) === 0;
}

function refused(id: string, detail: string): AppError {
  return new AppError({ id, where: 'KVSetWithOptions', detail, status: 400 });
}
