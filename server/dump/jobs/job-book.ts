import { errorText, sleep, type Clock, type Logger } from '../../../lib/runtime/index.ts';
import { isFinished, type JobRecord } from './job-record.ts';
import { JobStore, type SaveResult } from './job-store.ts';
import { abandonedMs, heartbeatMs, progressPeriodMs } from '../limits.ts';
import type { KvStore } from '../ports.ts';

/** What {@link JobBook} stands on. */
export interface JobBookOptions {
  clock: Clock;
  logger: Logger;
  kv: KvStore;
  /** This node, as in {@link JobRecord.owner}. */
  owner: string;
  /** Another node asked to give up a job of this one, took it over, or deleted it. */
  onLost: (id: string, how: 'cancelled' | 'taken') => void;
}

/** Pauses between attempts to write the end of a job. */
const finalRetryMs = [1_000, 3_000, 10_000];

/**
 * All jobs that are known. Those that this node works on live in memory and are written to the
 * key-value store as they go; those of other nodes are what was last read there.
 */
export class JobBook {
  readonly #options: JobBookOptions;
  readonly #jobs: JobStore;
  readonly #records = new Map<string, JobRecord>();
  /** Jobs of this node whose end is not yet written. */
  readonly #live = new Set<string>();
  readonly #writtenAtMs = new Map<string, number>();
  /** Since when the record of another node's job did not change, by the own monotonic clock. */
  readonly #watched = new Map<string, { revision: number; sinceMs: number }>();
  /** The last of the writes; they run one after another, so that none races against itself. */
  #turn: Promise<unknown> = Promise.resolve();
  #isFailing = false;

  constructor(options: JobBookOptions) {
    this.#options = options;
    this.#jobs = new JobStore(options.kv);
  }

  get(id: string): JobRecord | undefined {
    return this.#records.get(id);
  }

  isLive(id: string): boolean {
    return this.#live.has(id);
  }

  /** Unfinished jobs of this node. */
  liveCount(): number {
    return this.#live.size;
  }

  /** Newest first. */
  records(): JobRecord[] {
    return [...this.#records.values()].sort(
      (a, b) => b.dump.createdAtMs - a.dump.createdAtMs || (a.dump.id < b.dump.id ? 1 : -1),
    );
  }

  /** Reads what other nodes wrote. */
  async refresh(): Promise<void> {
    const read = await this.#jobs.readAll(this.#live);
    for (const [id, record] of read) if (!this.#live.has(id)) this.#records.set(id, record);
    for (const id of this.#records.keys()) {
      if (!read.has(id) && !this.#live.has(id)) this.#records.delete(id);
    }
    this.#watch();
  }

  /** Unfinished jobs that nobody works on: of an earlier run of this node, or of a node that is gone. */
  abandoned(isStart: boolean): JobRecord[] {
    const { clock, owner } = this.#options;
    return this.records().filter(({ dump, owner: of }) => {
      if (isFinished(dump) || this.#live.has(dump.id)) return false;
      if (isStart && of === owner) return true;
      const watch = this.#watched.get(dump.id);
      return watch !== undefined && clock.monotonicMs() - watch.sinceMs >= abandonedMs;
    });
  }

  /** Whether other nodes have unfinished jobs that must be watched. */
  hasForeignWork(): boolean {
    return this.records().some(({ dump }) => !isFinished(dump) && !this.#live.has(dump.id));
  }

  /** Writes a new job, or one that this node takes over; false when another node was faster. */
  async claim(record: JobRecord): Promise<boolean> {
    const { id } = record.dump;
    const before = this.#records.get(id);
    // Seen at once, so that the queue's limit counts it while it is written.
    this.#live.add(id);
    this.#records.set(id, record);
    let isOurs = false;
    try {
      const result = await this.#inTurn(() => this.#jobs.save(record));
      isOurs = result.kind === 'saved';
      if (result.kind === 'changed') this.#records.set(id, result.record);
    } finally {
      if (!isOurs) {
        this.#live.delete(id);
        if (before === undefined) this.#records.delete(id);
      }
    }
    return isOurs;
  }

  /** Writes progress, at most each two seconds; failing to is no reason to stop a job. */
  async saveProgress(record: JobRecord): Promise<void> {
    const { clock } = this.#options;
    const lastMs = this.#writtenAtMs.get(record.dump.id) ?? -Infinity;
    if (clock.monotonicMs() - lastMs < progressPeriodMs) return;
    await this.#trySave(record);
  }

  /** Writes the jobs that have been silent for long, so that other nodes see that this one lives. */
  async beat(): Promise<void> {
    const { clock } = this.#options;
    for (const id of [...this.#live]) {
      const record = this.#records.get(id);
      const lastMs = this.#writtenAtMs.get(id) ?? -Infinity;
      if (record === undefined || clock.monotonicMs() - lastMs < heartbeatMs) continue;
      if (await this.#trySave(record)) this.#settle(record);
    }
  }

  /** Writes the end of a job, or its return to the queue; tries again when the store fails. */
  async saveEnd(record: JobRecord, signal?: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (const pauseMs of [...finalRetryMs, 0]) {
      if (await this.#trySave(record)) {
        this.#settle(record);
        return;
      }
      if (signal?.aborted === true || pauseMs === 0) return;
      await sleep(clock, pauseMs, signal);
    }
  }

  /** Asks the node that works on a job to give it up. */
  async requestCancel(id: string): Promise<void> {
    const record = await this.#jobs.read(id);
    if (record === undefined || isFinished(record.dump)) return;
    const { revision } = record;
    await this.#jobs.save({ ...record, isCancelRequested: true, revision: revision + 1 });
  }

  async remove(id: string): Promise<void> {
    await this.#inTurn(() => this.#jobs.delete(id));
    this.#live.delete(id);
    this.#records.delete(id);
    this.#writtenAtMs.delete(id);
  }

  /** Gives a job up without a word, for example because another node has it now. */
  letGo(id: string): void {
    this.#live.delete(id);
  }

  #settle(record: JobRecord): void {
    if (!isFinished(record.dump)) return;
    this.#live.delete(record.dump.id);
    this.#writtenAtMs.delete(record.dump.id);
  }

  /** False when the store did not answer; the caller may try again. */
  async #trySave(record: JobRecord): Promise<boolean> {
    const { clock, logger, onLost } = this.#options;
    const { id } = record.dump;
    this.#writtenAtMs.set(id, clock.monotonicMs());
    try {
      const result = await this.#inTurn(async () => {
        // Deleted or let go while it waited for its turn: writing would bring it back.
        if (!this.#live.has(id)) return { kind: 'saved' as const };
        return await this.#write(record);
      });
      this.#isFailing = false;
      if (result.kind !== 'saved') onLost(id, 'taken');
      return true;
    } catch (error) {
      if (!this.#isFailing)
        logger.warn('A job could not be written', {
          code: 'DUMP_JOB_NOT_SAVED',
          reason: errorText(error),
        });
      this.#isFailing = true;
      return false;
    }
  }

  /** Writes a record; a wish to cancel it that another node wrote is heard and written over. */
  async #write(record: JobRecord): Promise<SaveResult> {
    record.revision++;
    const result = await this.#jobs.save(record);
    if (result.kind !== 'changed' || result.record.owner !== this.#options.owner) return result;
    record.revision = result.record.revision + 1;
    this.#options.onLost(record.dump.id, 'cancelled');
    return await this.#jobs.save(record);
  }

  #watch(): void {
    const { clock } = this.#options;
    for (const { dump, revision } of this.#records.values()) {
      if (isFinished(dump) || this.#live.has(dump.id)) {
        this.#watched.delete(dump.id);
      } else if (this.#watched.get(dump.id)?.revision !== revision) {
        this.#watched.set(dump.id, { revision, sinceMs: clock.monotonicMs() });
      }
    }
    for (const id of this.#watched.keys()) if (!this.#records.has(id)) this.#watched.delete(id);
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(run);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
