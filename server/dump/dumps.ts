import type { Dump, DumpAliases, DumpEstimate, DumpPhase } from '../../api/index.ts';
import type { Logger, Rng, Timer } from '../../lib/runtime/index.ts';
import { aliasesKey, archiveKey, codeOf, errorText, isJobId } from '../share/index.ts';
import { Admission } from './admission.ts';
import type { BuildParts } from './build.ts';
import { DumpError, toDumpError } from './errors.ts';
import { DumpExpiry } from './expiry.ts';
import { wholeContent, type DumpContent } from './content.ts';
import { importGoPluginJobs } from './go-plugin-jobs.ts';
import { JobBook } from './job-book.ts';
import { newJobId } from './job-id.ts';
import { readAliases } from './dump-aliases.ts';
import { cutWarnings, isFinished, newRecord, type JobRecord } from './job-record.ts';
import {
  foreignRefreshMs,
  maxAttempts,
  maxFinishedJobs,
  maxQueuedJobs,
  maxWarnings,
  unaskedRefreshMs,
  wakeDelayMs,
} from './limits.ts';
import type { KvStore } from './ports.ts';
import { interrupted, queueFull, stopped } from './refusals.ts';
import type { TimeRange } from './selection.ts';
import { storeDump } from './store-dump.ts';
import { openArchive, type DumpArchive } from './stored-archive.ts';
import { WorkArea } from './work-area.ts';

/** What {@link DumpService} stands on. */
export interface DumpServiceOptions extends BuildParts {
  logger: Logger;
  rng: Rng;
  kv: KvStore;
  /** Tells this node's jobs from those of others, also after a restart. */
  owner: string;
  /** Whether other nodes make dumps, too. */
  isShared?: boolean;
  /** Age at which finished dumps are deleted. */
  retentionMs: () => number;
  /** Whether this node is the one that deletes what is past its age; asked before each. */
  mayDelete?: () => boolean;
  /** Told when a job was created here, for the other nodes to know. It must not throw. */
  onCreated?: () => void;
  /** Free space of the disk of the data directory; null when it cannot be told. */
  freeBytes: () => Promise<number | null>;
  /** Told when a job of this node changes its state, phase or percent. It must not throw. */
  onChange?: (dump: Dump) => void;
}

/** The job that runs. */
interface Running {
  record: JobRecord;
  abort: AbortController;
  /** Why it was aborted; a plugin that stops leaves its job to the next start. */
  reason: 'cancelled' | 'stopped' | 'taken';
  done: Promise<void>;
}

/**
 * The dumps of this deployment: their jobs, one at a time on this node, and their archives. Rejects
 * with {@link DumpError}. Jobs survive restarts: what was begun is begun again, three times at most.
 */
export class DumpService {
  readonly #options: DumpServiceOptions;
  readonly #book: JobBook;
  readonly #admission: Admission;
  readonly #expiry: DumpExpiry;
  readonly #queue: string[] = [];
  #running: Running | undefined;
  #tick: Timer | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #isLoaded = false;
  #isStopped = false;
  #refreshedAtMs = -Infinity;

  constructor(options: DumpServiceOptions) {
    this.#options = options;
    this.#admission = new Admission(options);
    const { clock, kv, logger, owner } = options;
    this.#book = new JobBook({
      clock,
      logger,
      kv,
      owner,
      onLost: (id, how) => {
        this.#lose(id, how);
      },
    });
    this.#expiry = new DumpExpiry({ ...options, remove: (id) => this.#remove(id) });
  }

  /** Clears what an earlier run left and begins its unfinished jobs again. */
  async start(): Promise<void> {
    await WorkArea.sweep(this.#options.dataDirectory);
    await this.#importOld();
    await this.#load();
    this.#schedule();
  }

  /** Breaks off the running job, which the next start begins again. Resolves when all is quiet. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#tick?.cancel();
    this.#abort('stopped');
    await this.#running?.done;
    await this.#ticking;
  }

  /** Another node has created a job: its record is to be watched from now on. */
  wake(): void {
    this.#refreshedAtMs = -Infinity;
    this.#schedule(wakeDelayMs);
  }

  /** Queues a dump of `[fromMs, toMs)`. */
  async create(
    range: TimeRange,
    userId: string,
    content: DumpContent = wholeContent,
  ): Promise<Dump> {
    await this.#admission.check(range, content.redaction);
    if (this.#isStopped) throw stopped();
    if (this.#book.liveCount() >= maxQueuedJobs) throw queueFull();
    const { clock, node, onCreated, owner, rng } = this.#options;
    const facts = { range, content, userId, node, owner, nowMs: clock.nowMs() };
    const record = newRecord(newJobId(rng), facts);
    const isWritten = await this.#book.claim(record).catch((cause: unknown) => {
      const message = 'The job could not be written to the database: try again in a moment.';
      throw new DumpError('DUMP_FAILED', message, { detail: errorText(cause), cause });
    });
    if (!isWritten) throw stopped();
    const { id } = record.dump;
    this.#options.logger.debug('dump created', { id, userId, ...range });
    onCreated?.();
    this.#enqueue(id);
    return this.#told(record);
  }

  /** All dumps of all nodes, newest first. */
  async list(): Promise<Dump[]> {
    await this.#refresh();
    return this.#book.records().map((record) => this.#told(record));
  }

  async get(id: string): Promise<Dump> {
    return this.#told(await this.#find(id));
  }

  /** Gives up a job that waits or runs, and waits until its temporary space is free. */
  async cancel(id: string, userId: string): Promise<Dump> {
    const record = await this.#find(id);
    if (isFinished(record.dump)) {
      const message = 'The dump is finished already; it can be deleted instead.';
      throw new DumpError('DUMP_NOT_CANCELLABLE', message);
    }
    this.#options.logger.debug('dump cancelled', { id, userId });
    if (this.#book.isLive(id)) await this.#cancelOwn(record);
    else await this.#book.requestCancel(id);
    return this.#told(record);
  }

  /** Deletes a job with its archive; one that runs is cancelled first. */
  async delete(id: string, userId: string): Promise<void> {
    const record = await this.#find(id);
    if (!isFinished(record.dump) && this.#book.isLive(id)) await this.#cancelOwn(record);
    await this.#remove(id);
    this.#options.logger.debug('dump deleted', { id, userId });
  }

  /** What a dump of the range will probably be. */
  async estimate(range: TimeRange): Promise<DumpEstimate> {
    return await this.#admission.estimate(range);
  }

  /** The archive of a dump that is ready. */
  async archive(id: string): Promise<DumpArchive> {
    const { dump } = await this.#find(id);
    return await openArchive(this.#options.store, dump);
  }

  /** A copy, with what the settings make of it. */
  #told({ dump }: JobRecord): Dump {
    return { ...structuredClone(dump), expiresAtMs: this.#expiry.expiresAtMs(dump) };
  }

  /** What stood in a redacted dump where its aliases stand. */
  async aliases(id: string): Promise<DumpAliases> {
    return await readAliases(this.#options.store, (await this.#find(id)).dump);
  }

  async #find(id: string): Promise<JobRecord> {
    if (!isJobId(id)) {
      throw new DumpError('DUMP_BAD_ID', 'The id of a dump has 26 characters a-z and 0-9.');
    }
    // Another node may have created it a moment ago.
    if (this.#book.get(id) === undefined) this.#refreshedAtMs = -Infinity;
    await this.#refresh();
    const record = this.#book.get(id);
    if (record === undefined) {
      const message = 'There is no such dump; it may have been deleted.';
      throw new DumpError('DUMP_NOT_FOUND', message);
    }
    return record;
  }

  #enqueue(id: string): void {
    this.#queue.push(id);
    this.#pump();
  }

  /** Begins the next job when none runs. */
  #pump(): void {
    if (this.#isStopped || this.#running !== undefined) return;
    const id = this.#queue.shift();
    if (id === undefined) return;
    const record = this.#book.get(id);
    if (record === undefined || isFinished(record.dump) || !this.#book.isLive(id)) {
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
    const { clock, logger } = this.#options;
    const { abort, record } = running;
    const { dump } = record;
    dump.state = 'running';
    dump.startedAtMs = clock.nowMs();
    record.attempt++;
    this.#progress(record, 'selecting', 0);
    try {
      await this.#book.saveProgress(record);
      const { filter, id, redaction, requested, stepSeconds } = dump;
      const archive = await storeDump(this.#options, {
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
      const warnings = cutWarnings(archive.warnings, maxWarnings);
      Object.assign(dump, { actual, fileName, samples, series, sha256, sizeBytes, warnings });
      dump.state = 'ready';
      dump.progress = { percent: 100, phase: 'done' };
      logger.info('dump ready', { id, sizeBytes, samples });
    } catch (error) {
      if (running.reason === 'taken') return;
      this.#fail(running, error);
    }
    await this.#end(record);
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
      this.#options.logger.error('dump failed', { id: dump.id, code, detail });
    }
  }

  async #end(record: JobRecord): Promise<void> {
    const { dump } = record;
    if (isFinished(dump)) dump.finishedAtMs = this.#options.clock.nowMs();
    this.#options.onChange?.(this.#told(record));
    await this.#book.saveEnd(record);
    if (isFinished(dump)) await this.#prune();
  }

  #progress(record: JobRecord, phase: DumpPhase, fraction: number): void {
    const { dump } = record;
    if (dump.state !== 'running') return;
    // Several sources tell their parts: what is shown only grows.
    const percent = Math.max(dump.progress.percent, Math.floor(100 * Math.min(1, fraction)));
    if (percent === dump.progress.percent && phase === dump.progress.phase) return;
    dump.progress = { percent, phase };
    this.#options.onChange?.(this.#told(record));
    // Its failures are noted by the book; the next write has them all.
    void this.#book.saveProgress(record);
  }

  async #cancelOwn(record: JobRecord): Promise<void> {
    const { dump } = record;
    if (this.#running?.record === record) {
      this.#abort('cancelled');
      await this.#running.done;
      return;
    }
    dump.state = 'cancelled';
    await this.#end(record);
  }

  #abort(reason: Running['reason']): void {
    if (this.#running === undefined || this.#running.abort.signal.aborted) return;
    this.#running.reason = reason;
    this.#running.abort.abort();
  }

  /** Another node wrote over a job of this one. */
  #lose(id: string, how: 'cancelled' | 'taken'): void {
    const isRunning = this.#running?.record.dump.id === id;
    if (how === 'taken') this.#book.letGo(id);
    if (isRunning) this.#abort(how);
    const record = this.#book.get(id);
    if (isRunning || record === undefined || how === 'taken') return;
    record.dump.state = 'cancelled';
    record.dump.finishedAtMs = this.#options.clock.nowMs();
  }

  /** Archive first: a record without archive says so, an archive without record is lost space. */
  async #remove(id: string): Promise<void> {
    try {
      await this.#options.store.delete(archiveKey(id));
      await this.#options.store.delete(aliasesKey(id));
      await this.#book.remove(id);
    } catch (cause) {
      throw toDumpError(cause);
    }
  }

  async #prune(): Promise<void> {
    const finished = this.#book.records().filter(({ dump }) => isFinished(dump));
    for (const { dump } of finished.slice(maxFinishedJobs)) {
      await this.#remove(dump.id).catch((error: unknown) => {
        const reason = errorText(error);
        this.#options.logger.warn('an old dump could not be deleted', { id: dump.id, reason });
      });
    }
  }

  async #refresh(): Promise<void> {
    const { clock, logger } = this.#options;
    if (clock.monotonicMs() - this.#refreshedAtMs < foreignRefreshMs) return;
    this.#refreshedAtMs = clock.monotonicMs();
    try {
      await this.#book.refresh();
    } catch (error) {
      // What is known is better than nothing; the next call tries again.
      logger.warn('the jobs could not be read', { code: codeOf(error), reason: errorText(error) });
    }
  }

  /** Dumps of the Go plugin; a failure leaves them for the next start. */
  async #importOld(): Promise<void> {
    const { clock, facts, kv, logger, node, store } = this.#options;
    const serverName = async () => (await facts.server()).serverName;
    try {
      await importGoPluginJobs({ kv, store, logger, node, nowMs: clock.nowMs(), serverName });
    } catch (error) {
      const reason = errorText(error);
      logger.warn('The dumps of the Go plugin could not be taken over yet', { reason });
    }
  }

  async #load(): Promise<void> {
    const { logger } = this.#options;
    try {
      await this.#book.refresh();
      this.#refreshedAtMs = this.#options.clock.monotonicMs();
    } catch (error) {
      logger.warn('the jobs could not be read', { reason: errorText(error) });
      return;
    }
    await this.#adopt(!this.#isLoaded);
    this.#isLoaded = true;
  }

  /** Takes jobs over that nobody works on. */
  async #adopt(isStart: boolean): Promise<void> {
    const { logger, node, owner } = this.#options;
    for (const found of this.#book.abandoned(isStart).reverse()) {
      const record = structuredClone(found);
      const { dump } = record;
      dump.node = node;
      record.owner = owner;
      record.revision++;
      const isGivenUp = record.attempt >= maxAttempts;
      if (record.isCancelRequested) dump.state = 'cancelled';
      else if (isGivenUp)
        Object.assign(dump, { state: 'failed', error: interrupted().toApiError() });
      else dump.state = 'queued';
      dump.progress = { percent: 0, phase: 'waiting' };
      if (!(await this.#book.claim(record))) continue;
      logger.info('took over a dump that was not finished', { id: dump.id, state: dump.state });
      if (isFinished(dump)) await this.#end(record);
      else this.#enqueue(dump.id);
    }
  }

  #schedule(delayMs = foreignRefreshMs): void {
    if (this.#isStopped) return;
    this.#tick?.cancel();
    this.#tick = this.#options.clock.setTimer(delayMs, () => {
      this.#ticking = this.#beat().finally(() => {
        this.#schedule();
      });
    });
  }

  async #beat(): Promise<void> {
    const { clock, isShared = false } = this.#options;
    await this.#book.beat();
    const isOld = clock.monotonicMs() - this.#refreshedAtMs >= unaskedRefreshMs;
    if (!this.#isLoaded || this.#book.hasForeignWork() || (isShared && isOld)) await this.#load();
    await this.#expiry.sweep(this.#book.records().map(({ dump }) => dump));
  }
}
