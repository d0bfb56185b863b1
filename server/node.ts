import { isDeepStrictEqual } from 'node:util';
import type {
  ApiError,
  Cardinality,
  KnownSentence,
  Problem,
  Status,
  SyncOutcome,
  Target,
} from '../api/index.ts';
import { asError } from '../lib/runtime/index.ts';
import type { Configuration } from './configuration.ts';
import { ChangeEvents, EventReaders, RefusedSave } from './console/index.ts';
import { supportFiles, type SupportFacts, type SupportFile } from './diagnostics/index.ts';
import { noPacketDump } from './dump/index.ts';
import { deskOver, starting } from './dump-desk.ts';
import type { Environment } from './environment.ts';
import type { Host, PluginClusterEvent } from './mattermost/index.ts';
import { factsWithoutParts, openParts, type Parts } from './parts/index.ts';
import { retrying } from './retrying.ts';
import { loadLicenseFacts, type FixedFacts } from './server-facts.ts';
import { startProblem } from './start-problem.ts';
import { composeStatus, type NodeStatus } from './status.ts';
import type { PartsMetrics } from './telemetry/index.ts';
import type { DumpDesk, WebServices } from './web/index.ts';

/** Pause between two attempts to open the store, for example while another process still holds it. */
const retryPauseMs = 2_000;

/**
 * This node of the deployment: opens its parts in the background, tries again when that fails,
 * opens them anew when a setting moves them, and tells its state at any time.
 */
export class MetricsNode implements WebServices {
  readonly #environment: Environment;
  readonly #host: Host;
  readonly #facts: FixedFacts;
  readonly #sinceMs: number;
  readonly #stop = new AbortController();
  readonly #events: ChangeEvents;
  /** Who is told of changes beside the administrators. */
  readonly readers: EventReaders;
  #configuration: Configuration;
  #parts: Parts | undefined;
  #startProblem: Problem | undefined;
  readonly #refusedSave: RefusedSave;
  /** Opening, moving and closing happen one after another. */
  #turn: Promise<void> = Promise.resolve();

  readonly dumps: DumpDesk;

  constructor(
    environment: Environment,
    host: Host,
    facts: FixedFacts,
    configuration: Configuration,
  ) {
    this.#environment = environment;
    this.#host = host;
    this.#facts = facts;
    this.#configuration = configuration;
    this.#sinceMs = environment.clock.nowMs();
    const { clock } = environment;
    const { api, logger } = host;
    this.readers = new EventReaders({
      clock,
      tell: (userId) => this.#parts?.tell('reader.seen', { userId }),
    });
    this.#events = new ChangeEvents({
      ...{ clock, logger, api },
      look: () => this.#look(),
      readers: () => this.readers.current(),
    });
    this.#refusedSave = new RefusedSave({
      ...{ clock, logger, kv: api },
      isShared: () => this.#configuration.server.cluster.enable,
      onShared: () => {
        this.#events.note('status');
      },
    });
    this.dumps = deskOver(
      () => this.#parts,
      () => {
        this.#events.note('dumps');
      },
    );
  }

  /** Begins to open the parts; returns at once. */
  start(): void {
    this.#enqueue(() => this.#open());
    this.#events.start();
  }

  /** Applies a saved configuration; only what is concerned is touched. */
  configure(configuration: Configuration): void {
    const previous = this.#configuration;
    this.#configuration = configuration;
    this.#refusedSave.settled();
    if (isMoved(previous, configuration)) {
      this.#enqueue(async () => {
        await this.#close();
        await this.#open();
      });
    } else {
      this.#parts?.configure();
    }
  }

  /** A save of the server's configuration was judged; `reason` says why it is refused. */
  noteSave(reason: KnownSentence | undefined): void {
    this.#refusedSave.note(reason);
  }

  /** Stops collecting, brings away what can be brought away, frees the data directory. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#events.stop();
    this.#enqueue(() => this.#close());
    await this.#turn;
  }

  async status(): Promise<NodeStatus> {
    await this.#refusedSave.look();
    const own = await this.#ownStatus();
    return (await this.#parts?.status(own)) ?? own;
  }

  /** What browsers hear of when it changes; figures that grow all the time are no part of it. */
  #look(): string {
    const { settings } = this.#configuration;
    const codes = this.#ownProblems().map(({ code }) => code);
    return JSON.stringify([settings.scrapeIntervalMs, codes, this.#parts?.pulse()]);
  }

  /** What this node says without asking another one. */
  async #ownStatus(): Promise<NodeStatus> {
    const { clock, pluginVersion } = this.#environment;
    const { settings } = this.#configuration;
    const facts = (await this.#parts?.facts()) ?? factsWithoutParts(this.#configuration.server);
    return composeStatus({
      ...facts,
      pluginVersion,
      serverVersion: this.#facts.serverVersion,
      collector: facts.collector ?? this.#onlyCollector(),
      nowMs: clock.nowMs(),
      scrapeIntervalMs: settings.scrapeIntervalMs,
      problems: [...this.#ownProblems(), ...facts.problems],
      isStopped: this.#stop.signal.aborted,
    });
  }

  /** Without a cluster there is one collector for ever; in one, the lease tells it. */
  #onlyCollector(): Status['collector'] {
    const { server } = this.#configuration;
    const node = server.cluster.enable ? '' : this.#environment.hostName;
    return { node, sinceMs: this.#sinceMs, epoch: 0 };
  }

  async targets(): Promise<Target[]> {
    return (await this.#parts?.targets()) ?? [];
  }

  async cardinality(): Promise<Cardinality | undefined> {
    return this.#parts?.cardinality();
  }

  async syncNow(userId: string): Promise<SyncOutcome> {
    if (this.#parts === undefined) throw starting();
    this.#host.logger.debug('Sync asked for', { userId });
    return this.#parts.syncNow();
  }

  /** What the parts count; undefined while they are not open. */
  metrics(): PartsMetrics | undefined {
    return this.#parts?.metrics();
  }

  /** A message of another node; what comes before the parts are open is not heard. */
  receive(event: PluginClusterEvent): void {
    this.#parts?.receive(event);
  }

  /** Never rejects: what goes wrong is a text inside the packet. */
  async supportFiles(self: Pick<SupportFacts, 'process' | 'log'>): Promise<SupportFile[]> {
    const { clock, hostName, pluginId, pluginVersion } = this.#environment;
    const { serverVersion } = this.#facts;
    const parts = this.#parts;
    const nowMs = clock.nowMs();
    const spanMs = this.#configuration.settings.supportPacketMs;
    const gapRange = { fromMs: Math.max(0, nowMs - spanMs), toMs: nowMs + 1 };
    const dump = (await parts?.packetDump()) ?? noPacketDump(gapRange, this.#whyNoDump());
    const facts: SupportFacts = {
      ...{ nowMs, hostName, pluginId, pluginVersion, serverVersion, gapRange, ...self },
      activeSinceMs: this.#sinceMs,
      configuration: this.#configuration,
      metrics: parts?.metrics(),
    };
    return await supportFiles(clock, dump, facts, {
      license: () => loadLicenseFacts(this.#host.api),
      status: () => this.status(),
      targets: () => this.targets(),
      gaps: async () => parts?.gaps(gapRange),
      cardinality: () => this.cardinality(),
    });
  }

  #whyNoDump(): ApiError {
    const problem = this.#startProblem;
    if (problem === undefined) return starting().toApiError();
    const { code, message, sentences } = problem;
    return { code, message, detail: '', ...(sentences && { sentence: sentences.message }) };
  }

  /** Those that need no open parts. */
  #ownProblems(): Problem[] {
    const start = this.#startProblem === undefined ? [] : [this.#startProblem];
    return [...this.#configuration.problems, ...this.#refusedSave.problems(), ...start];
  }

  /** The queue is as long as an administrator saves settings within one start. */
  #enqueue(task: () => Promise<void>): void {
    this.#turn = this.#turn.then(task).catch((error: unknown) => {
      this.#environment.fail(asError(error));
    });
  }

  async #open(): Promise<void> {
    const { clock } = this.#environment;
    const parts = await retrying(
      () =>
        openParts({
          environment: this.#environment,
          host: this.#host,
          facts: this.#facts,
          configuration: () => this.#configuration,
          status: () => this.#ownStatus(),
          onDumpChange: () => {
            this.#events.note('dumps');
          },
          onReader: (body) => {
            this.readers.learned(body);
          },
        }),
      {
        clock,
        signal: this.#stop.signal,
        pauseMs: retryPauseMs,
        onFailure: (error) => {
          this.#noteFailedStart(error);
        },
      },
    );
    if (parts === undefined) return;
    this.#startProblem = undefined;
    this.#parts = parts;
    await parts.start();
  }

  /** Once per reason in the log: the attempts go on for as long as it takes. */
  #noteFailedStart(error: unknown): void {
    const problem = startProblem(error);
    const { code, message } = problem;
    if (code !== this.#startProblem?.code) {
      // An error without a code is a defect of ours: only its stack tells where.
      const isDefect = code === 'START_FAILED' && error instanceof Error;
      const stack = isDefect ? error.stack : undefined;
      this.#host.logger.error('Metrics cannot be stored; trying again', { code, message, stack });
    }
    this.#startProblem = problem;
  }

  async #close(): Promise<void> {
    const parts = this.#parts;
    this.#parts = undefined;
    await parts?.close();
  }
}

/** Whether a change of configuration moves the store, the file store or the place in the cluster. */
function isMoved(before: Configuration, after: Configuration): boolean {
  return (
    before.settings.dbPath !== after.settings.dbPath ||
    !isDeepStrictEqual(before.server.file, after.server.file) ||
    !isDeepStrictEqual(before.server.cluster, after.server.cluster)
  );
}
