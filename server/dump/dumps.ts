import {
  say,
  type Dump,
  type DumpAliases,
  type DumpChoices,
  type DumpEstimate,
  type DumpPreview,
} from '../../api/index.ts';
import { errorText, type Logger, type Rng } from '../../lib/runtime/index.ts';
import { aliasesKey, archiveKey, isJobId } from '../share/index.ts';
import {
  Admission,
  DumpExpiry,
  importGoPluginJobs,
  isFinished,
  JobBook,
  JobRunner,
  JobWatch,
  newJobId,
  newRecord,
  type JobRecord,
} from './jobs/index.ts';
import { ArchiveRoom, openArchive, readAliases, type DumpArchive } from './archive/index.ts';
import type { BuildParts } from './building/index.ts';
import { ChoiceDesk } from './choices/index.ts';
import { DumpCoverage, wholeContent, type DumpContent, type TimeRange } from './selection/index.ts';
import { DumpError, toDumpError } from './errors.ts';
import { maxFinishedJobs, maxQueuedJobs } from './limits.ts';
import type { KvStore } from './ports.ts';
import { DumpPace, KeptPace, ProbeDesk } from './probe/index.ts';
import { queueFull, stopped } from './refusals.ts';
import { StorePace, WorkArea } from './work-area/index.ts';

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
  freeBytes: () => Promise<number | null>;
  /**
   * Told when a job of this node changes its state, phase or percent, and when an old dump is gone. It must
   * not throw.
   */
  onChange?: (dump: Dump) => void;
}

/**
 * The dumps of this deployment: their jobs, one at a time on this node, and their archives. Rejects
 * with {@link DumpError}. Jobs survive restarts: what was begun is begun again, three times at most.
 */
export class DumpService {
  readonly #options: DumpServiceOptions;
  readonly #book: JobBook;
  readonly #runner: JobRunner;
  readonly #watch: JobWatch;
  readonly #coverage: DumpCoverage;
  readonly #admission: Admission;
  readonly #probes: ProbeDesk;
  readonly #pace: KeptPace;
  readonly #choices: ChoiceDesk;
  readonly #expiry: DumpExpiry;
  readonly #room: ArchiveRoom;
  #isStopped = false;

  constructor(asked: DumpServiceOptions) {
    const onWorked = (id: string, workMs: number) => {
      this.#pace.worked(id, workMs);
    };
    const options = { storePace: new StorePace(), onWorked, ...asked };
    this.#options = options;
    const { clock, isShared = false, kv, logger, node, owner } = options;
    const coverage = new DumpCoverage(options);
    this.#coverage = coverage;
    this.#admission = new Admission(options, coverage);
    const onLost = (id: string, how: 'cancelled' | 'taken') => {
      this.#runner.lose(id, how);
    };
    const book = new JobBook({ clock, logger, kv, owner, onLost });
    this.#book = book;
    this.#expiry = new DumpExpiry({ ...options, remove: (dump) => this.#removeOld(dump) });
    const pace = new DumpPace();
    const { pluginVersion } = options.facts;
    this.#pace = new KeptPace({ ...options, pluginVersion, pace });
    this.#probes = new ProbeDesk(options, coverage, pace);
    this.#choices = new ChoiceDesk(options, coverage);
    const { archiveDisk } = options;
    const estimate: ProbeDesk['estimate'] = (...asked) => this.#probes.estimate(...asked);
    this.#room = new ArchiveRoom({ archiveDisk, coverage, estimate });
    const runner = new JobRunner({
      ...{ parts: options, logger, book },
      checkRoom: ({ requested, ...content }) => this.#room.check(requested, content),
      onChange: (record) => {
        this.#pace.learn(record.dump);
        options.onChange?.(this.#told(record));
      },
      onFinished: () => this.#prune(),
    });
    this.#runner = runner;
    const onBeat = () => this.#expiry.sweep(this.#dumps());
    this.#watch = new JobWatch({ clock, logger, book, runner, node, owner, isShared, onBeat });
  }

  /** Clears what an earlier run left and begins its unfinished jobs again. */
  async start(): Promise<void> {
    await WorkArea.sweep(this.#options.dataDirectory);
    await this.#pace.load();
    await this.#importOld();
    await this.#watch.start();
  }

  /** Breaks off the running job, which the next start begins again. Resolves when all is quiet. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const askers = [this.#probes.stop(), this.#choices.stop()];
    await Promise.all([this.#watch.stop(), this.#runner.stop(), ...askers]);
    await this.#pace.settled();
  }

  /** Another node has created a job: its record is to be watched from now on. */
  wake(): void {
    this.#watch.wake();
  }

  /** Queues a dump of `[fromMs, toMs)`. */
  async create(
    range: TimeRange,
    userId: string,
    content: DumpContent = wholeContent,
  ): Promise<Dump> {
    await this.#admission.check(range);
    await this.#room.check(range, content);
    if (this.#isStopped) throw stopped();
    if (this.#book.liveCount() >= maxQueuedJobs) throw queueFull();
    const { clock, node, onCreated, owner, rng } = this.#options;
    const facts = { range, content, userId, node, owner, nowMs: clock.nowMs() };
    const record = newRecord(newJobId(rng), facts);
    const isWritten = await this.#book.claim(record).catch((cause: unknown) => {
      const detail = errorText(cause);
      throw new DumpError('DUMP_FAILED', say('dump.not-written'), { detail, cause });
    });
    if (!isWritten) throw stopped();
    const { id } = record.dump;
    this.#options.logger.debug('Dump created', { id, userId, ...range });
    onCreated?.();
    this.#runner.enqueue(id);
    return this.#told(record);
  }

  /** All dumps of all nodes, newest first. */
  async list(): Promise<Dump[]> {
    await this.#watch.refresh();
    return this.#book.records().map((record) => this.#told(record));
  }

  async get(id: string): Promise<Dump> {
    return this.#told(await this.#find(id));
  }

  /** Gives up a job that waits or runs, and waits until its temporary space is free. */
  async cancel(id: string, userId: string): Promise<Dump> {
    const record = await this.#find(id);
    if (isFinished(record.dump)) {
      throw new DumpError('DUMP_NOT_CANCELLABLE', say('dump.not-cancellable'));
    }
    this.#options.logger.debug('Dump cancelled', { id, userId });
    if (this.#book.isLive(id)) await this.#runner.cancel(record);
    else await this.#book.requestCancel(id);
    return this.#told(record);
  }

  /** Deletes a job with its archive; one that runs is cancelled first. */
  async delete(id: string, userId: string): Promise<void> {
    const record = await this.#find(id);
    if (!isFinished(record.dump) && this.#book.isLive(id)) await this.#runner.cancel(record);
    await this.#remove(id);
    this.#options.logger.debug('Dump deleted', { id, userId });
  }

  /** Samples in the range, about, by what is known of blocks without a look at them. */
  async samplesIn(range: TimeRange): Promise<number> {
    await this.#admission.lookAt(range);
    return this.#coverage.estimate(range).samples;
  }

  /** What a dump of the range will probably be; nothing is made, and nothing leaves. */
  async estimate(range: TimeRange, content: DumpContent = wholeContent): Promise<DumpEstimate> {
    await this.#admission.lookAt(range);
    return await this.#probes.estimate(range, content);
  }

  /** What a dump of the range would give away; nothing is made, and nothing leaves. */
  async preview(range: TimeRange, content: DumpContent = wholeContent): Promise<DumpPreview> {
    await this.#admission.lookAt(range);
    return await this.#probes.preview(range, content);
  }

  /** Which hosts and jobs there are data of in the range, also of those that are gone. */
  async choices(range: TimeRange): Promise<DumpChoices> {
    await this.#admission.lookAt(range);
    return await this.#choices.choices(range);
  }

  /** The archive of a dump that is ready. */
  async archive(id: string): Promise<DumpArchive> {
    const { dump } = await this.#find(id);
    return await openArchive(this.#options.store, dump);
  }

  /** What stood in a redacted dump where its aliases stand. */
  async aliases(id: string): Promise<DumpAliases> {
    return await readAliases(this.#options.store, (await this.#find(id)).dump);
  }

  /** A copy, with what the settings make of it. */
  #told({ dump }: JobRecord): Dump {
    return { ...structuredClone(dump), expiresAtMs: this.#expiry.expiresAtMs(dump) };
  }

  #dumps(): Dump[] {
    return this.#book.records().map(({ dump }) => dump);
  }

  async #find(id: string): Promise<JobRecord> {
    if (!isJobId(id)) {
      throw new DumpError('DUMP_BAD_ID', say('dump.bad-id'));
    }
    // Another node may have created it a moment ago.
    await this.#watch.refresh(this.#book.get(id) === undefined);
    const record = this.#book.get(id);
    if (record === undefined) {
      throw new DumpError('DUMP_NOT_FOUND', say('dump.not-found'));
    }
    return record;
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

  /** As {@link #remove}, of one that nobody asked to delete: who looks at the list is told. */
  async #removeOld(dump: Dump): Promise<void> {
    await this.#remove(dump.id);
    this.#options.onChange?.(structuredClone(dump));
  }

  async #prune(): Promise<void> {
    const finished = this.#dumps().filter((dump) => isFinished(dump));
    for (const dump of finished.slice(maxFinishedJobs)) {
      await this.#removeOld(dump).catch((error: unknown) => {
        const reason = errorText(error);
        this.#options.logger.warn('An old dump could not be deleted', {
          code: 'DUMP_NOT_DELETED',
          id: dump.id,
          reason,
        });
      });
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
      logger.warn('The dumps of the Go plugin could not be taken over yet', {
        code: 'DUMP_OLD_JOBS_NOT_TAKEN',
        reason,
      });
    }
  }
}
