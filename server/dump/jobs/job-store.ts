import type { KvStore } from '../ports.ts';
import { jobIdsUnder } from './job-keys.ts';
import { decodeRecord, encodeRecord, isFinished, type JobRecord } from './job-record.ts';

const keyPrefix = 'job:';

/** What became of a write. */
export type SaveResult =
  | { kind: 'saved' }
  /** Another node wrote meanwhile; this is what stands there now. */
  | { kind: 'changed'; record: JobRecord }
  /** The job was deleted meanwhile. */
  | { kind: 'gone' };

/**
 * The jobs of all nodes, one key each, in the server's key-value store. Every write is a
 * compare-and-set against the bytes last seen, so that two nodes never overwrite each other.
 */
export class JobStore {
  readonly #kv: KvStore;
  /** The bytes as last read or written, for the comparison. */
  readonly #seen = new Map<string, { bytes: Uint8Array; record: JobRecord }>();

  constructor(kv: KvStore) {
    this.#kv = kv;
  }

  /**
   * Reads what is new or may have changed: finished jobs never change, they only vanish. Those in
   * `except` are left alone: a read beside a write would confuse the comparison.
   */
  async readAll(except: ReadonlySet<string>): Promise<Map<string, JobRecord>> {
    const ids = await jobIdsUnder(this.#kv, keyPrefix);
    const records = new Map<string, JobRecord>();
    for (const id of ids) {
      if (except.has(id)) continue;
      const known = this.#seen.get(id);
      const isFinal = known !== undefined && isFinished(known.record.dump);
      const record = isFinal ? known.record : await this.read(id);
      if (record !== undefined) records.set(id, record);
    }
    for (const id of this.#seen.keys()) if (!ids.has(id) && !except.has(id)) this.#seen.delete(id);
    return records;
  }

  /** The record as it stands now; undefined when there is none that can be read. */
  async read(id: string): Promise<JobRecord | undefined> {
    const bytes = await this.#kv.kvGet(keyPrefix + id);
    const record = bytes === undefined ? undefined : decodeRecord(bytes, id);
    if (bytes === undefined || record === undefined) {
      this.#seen.delete(id);
      return undefined;
    }
    this.#seen.set(id, { bytes, record });
    return record;
  }

  /** Writes a record over the one last seen. */
  async save(record: JobRecord): Promise<SaveResult> {
    const { id } = record.dump;
    const bytes = encodeRecord(record);
    const old = this.#seen.get(id)?.bytes;
    if (await this.#kv.kvCompareAndSet(keyPrefix + id, old, bytes)) {
      this.#seen.set(id, { bytes, record: structuredClone(record) });
      return { kind: 'saved' };
    }
    const current = await this.read(id);
    if (current === undefined) return { kind: 'gone' };
    // A call whose answer was lost may have written all the same.
    const isOurs = Buffer.compare(bytes, this.#seen.get(id)?.bytes ?? new Uint8Array(0)) === 0;
    return isOurs ? { kind: 'saved' } : { kind: 'changed', record: current };
  }

  async delete(id: string): Promise<void> {
    await this.#kv.kvDelete(keyPrefix + id);
    this.#seen.delete(id);
  }
}
