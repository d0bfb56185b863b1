import { syncOutcome } from '../../api/answers.ts';
import type { Cardinality, Gap, Problem, SyncOutcome, Target } from '../../api/index.ts';
import { asError, endsWithin } from '../../lib/runtime/index.ts';
import type { Configuration } from '../configuration.ts';
import type { DumpService, PacketDump } from '../dump/index.ts';
import { endParts } from './end-parts.ts';
import type { PluginClusterEvent } from '../mattermost/index.ts';
import { Shift, type Duty, type Membership } from '../membership/index.ts';
import type { OpenedParts } from './opened-parts.ts';
import {
  answerAsk,
  clusterNode,
  lastRestartMs,
  NotCollecting,
  pulseOf,
  serverRestarts,
} from '../state/index.ts';
import { listenerStatus, type NodeStatus, type StatusSources } from '../status.ts';
import { partsMetrics, type PartsMetrics } from '../telemetry/index.ts';

/** How long whoever asks for a sync waits for its end. */
const syncPatienceMs = 8_000;

/** What the parts are told by who opens them. */
export interface PartsPorts {
  configuration: () => Configuration;
  /** What this node tells about itself. */
  status: () => Promise<NodeStatus>;
  /** Told when a dump that this node makes got further. It must not throw. */
  onDumpChange: () => void;
  /** Told what another node says of who reads there. It must not throw. */
  onReader: (body: unknown) => void;
}

/** What the parts tell for the status; `collector` is undefined on a server that is not in a cluster. */
export type PartsFacts = Pick<
  StatusSources,
  | 'mode'
  | 'nodes'
  | 'restartedAtMs'
  | 'targets'
  | 'isScraped'
  | 'newestSampleMs'
  | 'oldestSampleMs'
  | 'store'
  | 'sync'
  | 'problems'
> & { collector: StatusSources['collector'] | undefined };

/** The running parts of a node: everything but scraping always runs, scraping when it is its turn. */
export class Parts {
  readonly #opened: OpenedParts;
  readonly #ports: PartsPorts;
  readonly #shift: Shift;
  #isClosing = false;

  constructor(opened: OpenedParts, ports: PartsPorts) {
    this.#opened = opened;
    this.#ports = ports;
    this.#shift = new Shift(opened, {
      begin: () => this.#begin(),
      end: () => this.#end(),
      clear: (signal) => opened.store.cutRest(signal),
    });
  }

  get dumps(): DumpService {
    return this.#opened.dumps;
  }

  /** What this node does; undefined while it is not known whether another one collects. */
  get duty(): Duty | undefined {
    return this.#shift.duty;
  }

  /** Begins to share, and to collect when this node is to; then the first scrape is under way. */
  async start(): Promise<void> {
    const { catalog, dumps, logger, membership, store, sync, targets } = this.#opened;
    targets.start(() => this.#applyTargets());
    if (membership === undefined) this.#shift.turn('collect');
    else this.#join(membership);
    store.onBlockCut(() => {
      sync.wake();
    });
    // A block that is not in the file store yet must keep its name until it is. One of which retention took
    // a part there goes soon: it is not worth merging (docs/format/store.md, "Merge").
    store.mergeWhen((block) => catalog.holds(block));
    sync.start();
    try {
      await dumps.start();
    } catch (error) {
      // The database may be away for a moment: jobs are taken up when dumps are next listed.
      logger.warn('Unfinished dumps could not be taken up yet', {
        code: 'DUMP_JOBS_UNREADABLE',
        error: asError(error),
      });
    }
  }

  /** Applies settings and targets live. */
  configure(): void {
    this.#applyTargets();
    // Retention and periods may have changed.
    this.#opened.sync.wake();
  }

  /** What the status tells of this node. */
  async facts(): Promise<PartsFacts> {
    const { membership, state, store, targets } = this.#opened;
    // What is left in the head of a node that does not collect is old.
    const restarts = this.#isListening ? [] : serverRestarts(targets.current().targets, store);
    return {
      mode: membership?.mode ?? 'both',
      collector: membership?.collector(),
      nodes: (membership?.nodes() ?? []).map((node) => clusterNode(node, restarts)),
      restartedAtMs: lastRestartMs(restarts),
      targets: state.summary(),
      isScraped: state.targets().some((target) => target.state !== 'unknown'),
      newestSampleMs: state.newestSampleMs(),
      oldestSampleMs: state.oldestSampleMs(),
      store: await state.storeStatus(),
      sync: state.syncStatus(),
      problems: this.#problems(),
    };
  }

  /** See {@link pulseOf}. */
  pulse(): unknown {
    return pulseOf(this.#opened, [...this.#problems(), ...(this.#opened.view?.problems() ?? [])]);
  }

  /** The whole picture: on a node that does not collect, with what the collecting one tells. */
  async status(own: NodeStatus): Promise<NodeStatus> {
    const { view } = this.#opened;
    if (view === undefined || !this.#isListening) return own;
    const told = await view.status();
    const problems = [...own.problems, ...view.problems()];
    return listenerStatus({ ...own, problems }, told);
  }

  targets(): Promise<Target[]> {
    const { state, view } = this.#opened;
    return view !== undefined && this.#isListening
      ? view.targets()
      : Promise.resolve(state.targets());
  }

  cardinality(): Promise<Cardinality | undefined> {
    const { state, view } = this.#opened;
    return view !== undefined && this.#isListening
      ? view.cardinality()
      : Promise.resolve(state.cardinality());
  }

  /** Copies everything to the file store that is not there yet: on this node, and on the collecting one. */
  async syncNow(): Promise<SyncOutcome> {
    const { membership } = this.#opened;
    const own = this.#syncHere();
    if (membership === undefined || !this.#isListening) return own;
    const [outcome] = await Promise.all([membership.ask('sync.now', {}), own]);
    return syncOutcome(outcome, 'outcome');
  }

  /** A message of another node; never throws, whatever it is. */
  receive(event: PluginClusterEvent): void {
    this.#opened.membership?.receive(event);
  }

  /** Tells all other nodes, who may hear of it or not. */
  tell(kind: string, body: unknown): void {
    this.#opened.membership?.tell(kind, body);
  }

  #problems(): Problem[] {
    const { keeper, membership, problems, snapshots, state } = this.#opened;
    return [
      ...problems,
      ...(membership?.problems() ?? []),
      ...state.problems(),
      ...(keeper === undefined ? [] : snapshots.problems()),
    ];
  }

  /** See {@link partsMetrics}. */
  metrics(): PartsMetrics {
    return partsMetrics(this.#opened, !this.#isListening);
  }

  /** The dump of a support packet; never rejects. */
  packetDump(): Promise<PacketDump> {
    return this.#opened.packet.dump();
  }

  /** Gaps that touch the range, as the collecting node noted them or this one copied them. */
  async gaps(range: { fromMs: number; toMs: number }): Promise<readonly Gap[]> {
    const { state, view } = this.#opened;
    const isAsked = view !== undefined && this.#isListening;
    return (isAsked ? await view.collected(range) : state.collected(range)).gaps;
  }

  /** See {@link endParts}. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await endParts(this.#opened, this.#shift);
  }

  get #isListening(): boolean {
    return this.#shift.duty !== 'collect';
  }

  /** Takes part in the cluster: answers other nodes, and collects when it is this one's turn. */
  #join(membership: Membership): void {
    const { dumps, gapCopier, keeper, state, sync } = this.#opened;
    const source = {
      status: () => this.#ports.status(),
      targets: () => state.targets(),
      cardinality: () => state.cardinality(),
      collected: (range: { fromMs: number; toMs: number }) => state.collected(range),
    };
    membership.serveInPages('state.get', (ask) => {
      this.#checkCollecting();
      return answerAsk(ask, source);
    });
    membership.serve('head.flush', async (_body, { signal }) => {
      this.#checkCollecting();
      const published = await keeper?.publish(signal);
      return { ulid: published?.ulid ?? null, untilMs: published?.maxt ?? null };
    });
    membership.serve('sync.now', () => this.#syncHere());
    membership.serve('job.wake', () => {
      dumps.wake();
    });
    membership.serve('reader.seen', (body) => {
      this.#ports.onReader(body);
    });
    membership.serve('store.changed', () => {
      sync.wake();
    });
    membership.start((duty) => {
      this.#shift.turn(duty);
    });
    gapCopier?.start();
  }

  /** Refuses what only the collecting node can answer. */
  #checkCollecting(): void {
    if (this.#isListening) throw new NotCollecting(this.#opened.host);
  }

  async #syncHere(): Promise<SyncOutcome> {
    const { clock, host, keeper, logger, sync } = this.#opened;
    const all = Promise.all([sync.syncNow(), this.#isListening ? undefined : keeper?.publish()]);
    const done = all.catch((error: unknown) => {
      // What the file store says is in the outcome.
      logger.info('A sync that was asked for did not succeed', { error: asError(error) });
    });
    const isFinished = await endsWithin(clock, syncPatienceMs, done);
    return { node: host, isFinished, sync: sync.status() };
  }

  #begin(): void {
    const { collecting, keeper, membership, targets } = this.#opened;
    const { settings } = this.#ports.configuration();
    collecting.begin(targets.current(), settings, membership?.predecessor());
    keeper?.start();
  }

  async #end(): Promise<void> {
    const { clock, collecting, keeper, ledger, membership } = this.#opened;
    // Scrapes end first: whoever collects now must not wait for a snapshot's end.
    await Promise.all([collecting.end(), keeper?.stop()]);
    // A node that stops altogether goes on one day; one whose lease went away hands over.
    if (membership !== undefined && !this.#isClosing) ledger.handOver(clock.nowMs());
  }

  #applyTargets(): void {
    const { collecting, targets } = this.#opened;
    collecting.apply(targets.current(), this.#ports.configuration().settings);
  }
}
