import type { Dump, DumpPhase } from '../../../api/index.ts';
import type { Logger } from '../../../lib/runtime/index.ts';
import { storeDump, type BuildParts } from '../building/index.ts';
import { toDumpError } from '../errors.ts';
import type { JobBook } from './job-book.ts';
import { cutWarnings, toldWarnings, isFinished, type JobRecord } from './job-record.ts';
import { maxWarnings } from '../limits.ts';

/** What {@link JobRunner} stands on. */
export interface JobRunnerOptions {
  parts: BuildParts;
  logger: Logger;
  book: JobBook;
  /** Throws when the archive of a job would have no room. */
  checkRoom: (dump: Dump) => Promise<void>;
  /** Told when a job changes its state, phase or percent. It must not throw. */
  onChange: (record: JobRecord) => void;
  /** Called when the end of a job is written. */
  onFinished: () => Promise<void>;
}

/** The job that runs. */
interface Running {
  record: JobRecord;
  abort: AbortController;
  /** Why it was aborted; a plugin that stops leaves its job to the next start. */
  reason: 'cancelled' | 'stopped' | 'taken';
  done: Promise<void>;
}

/** Works off the jobs of this node, one at a time, in the order in which they were asked for. */
export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #queue: string[] = [];
  #running: Running | undefined;
  #isStopped = false;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  /** Takes a job that this node has claimed. */
  enqueue(id: string): void {
    this.#queue.push(id);
    this.#pump();
  }

  /** Gives up a job of this node, and waits until its temporary space is free. */
  async cancel(record: JobRecord): Promise<void> {
    if (this.#running?.record === record) {
      this.#abort('cancelled');
      await this.#running.done;
      return;
    }
    record.dump.state = 'cancelled';
    await this.end(record);
  }

  /** Another node wrote over a job of this one. */
  lose(id: string, how: 'cancelled' | 'taken'): void {
    const { book, parts } = this.#options;
    const isRunning = this.#running?.record.dump.id === id;
    if (how === 'taken') book.letGo(id);
    if (isRunning) this.#abort(how);
    const record = book.get(id);
    if (isRunning || record === undefined || how === 'taken') return;
    record.dump.state = 'cancelled';
    record.dump.finishedAtMs = parts.clock.nowMs();
  }

  /** Breaks off the running job, which the next start begins again. Resolves when all is quiet. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#abort('stopped');
    await this.#running?.done;
  }

  /** Tells and writes what a job has come to. */
  async end(record: JobRecord): Promise<void> {
    const { book, onChange, onFinished, parts } = this.#options;
    const { dump } = record;
    if (isFinished(dump)) dump.finishedAtMs = parts.clock.nowMs();
    onChange(record);
    await book.saveEnd(record);
    if (isFinished(dump)) await onFinished();
  }

  /** Begins the next job when none runs. */
  #pump(): void {
    if (this.#isStopped || this.#running !== undefined) return;
    const id = this.#queue.shift();
    if (id === undefined) return;
    const { book } = this.#options;
    const record = book.get(id);
    if (record === undefined || isFinished(record.dump) || !book.isLive(id)) {
      this.#pump();
      return;
    }
    const running: Running = {
      record,
      abort: new AbortController(),
      reason: 'cancelled',
      done: Promise.resolve(),
    };
    this.#running = running;
    running.done = this.#run(running).finally(() => {
      this.#running = undefined;
      this.#pump();
    });
  }

  async #run(running: Running): Promise<void> {
    const { book, logger, parts } = this.#options;
    const { record } = running;
    const { dump } = record;
    dump.state = 'running';
    dump.startedAtMs = parts.clock.nowMs();
    record.attempt++;
    this.#progress(record, 'selecting', 0);
    try {
      await book.saveProgress(record);
      await this.#build(running);
      dump.state = 'ready';
      dump.progress = { percent: 100, phase: 'done' };
      const { id, samples, sizeBytes } = dump;
      logger.info('Dump ready', { id, sizeBytes, samples });
    } catch (error) {
      if (running.reason === 'taken') return;
      this.#fail(running, error);
    }
    await this.end(record);
  }

  async #build({ abort, record }: Running): Promise<void> {
    const { dump } = record;
    const { filter, id, redaction, requested, stepSeconds } = dump;
    await this.#options.checkRoom(dump);
    abort.signal.throwIfAborted();
    const archive = await storeDump(this.#options.parts, {
      id,
      requested,
      filter,
      redaction,
      stepSeconds,
      signal: abort.signal,
      onProgress: (phase, fraction) => {
        this.#progress(record, phase, fraction);
      },
    });
    const { actual, fileName, samples, series, sha256, sizeBytes } = archive;
    const told = cutWarnings(toldWarnings(archive.warnings), maxWarnings);
    Object.assign(dump, { actual, fileName, samples, series, sha256, sizeBytes, ...told });
  }

  #fail({ abort, reason, record }: Running, error: unknown): void {
    const { dump } = record;
    if (abort.signal.aborted && reason === 'stopped') {
      dump.state = 'queued';
      dump.progress = { percent: 0, phase: 'waiting' };
      record.attempt--;
    } else if (abort.signal.aborted) {
      dump.state = 'cancelled';
    } else {
      const failure = toDumpError(error);
      dump.state = 'failed';
      dump.error = failure.toApiError();
      const { code, detail } = failure;
      this.#options.logger.error('Dump failed', { id: dump.id, code, detail });
    }
  }

  #progress(record: JobRecord, phase: DumpPhase, fraction: number): void {
    const { dump } = record;
    if (dump.state !== 'running') return;
    // Several sources tell their parts: what is shown only grows.
    const percent = Math.max(dump.progress.percent, Math.floor(100 * Math.min(1, fraction)));
    if (percent === dump.progress.percent && phase === dump.progress.phase) return;
    dump.progress = { percent, phase };
    this.#options.onChange(record);
    // Its failures are noted by the book; the next write has them all.
    void this.#options.book.saveProgress(record);
  }

  #abort(reason: Running['reason']): void {
    if (this.#running === undefined || this.#running.abort.signal.aborted) return;
    this.#running.reason = reason;
    this.#running.abort.abort();
  }
}
