import { networkInterfaces } from 'node:os';
import { consolePages, makeProblem, say, type Mode, type Problem } from '../../api/index.ts';
import { asError, endsWithin, type Clock, type Logger, type Rng } from '../../lib/runtime/index.ts';
import {
  ClusterBus,
  ClusterError,
  Lease,
  NodeRegistry,
  PagedAnswers,
  requestPages,
  takeoverMs,
  type BusCounts,
  type Handler,
  type LeaseHolder,
  type LeaseView,
  type NodeInfo,
} from '../cluster/index.ts';
import type { PluginApi, PluginClusterEvent } from '../mattermost/index.ts';
import type { NodeIdentity } from './node-identity.ts';
import { isPidAlive } from './pid.ts';
import type { Duty } from './shift.ts';

/** Who collected before this node, and up to when its data is known to reach. */
export interface Predecessor {
  host: string;
  untilMs: number;
}

/** The collecting node as every node tells it. */
export interface CollectingNode {
  node: string;
  sinceMs: number;
  epoch: number;
}

export interface MembershipOptions {
  clock: Clock;
  rng: Rng;
  logger: Logger;
  api: PluginApi;
  identity: NodeIdentity;
  /** By which administrators know this node. */
  host: string;
  pluginVersion: string;
  serverVersion: string;
}

/** Nobody has held the lease for so long: longer than a takeover takes. */
const vacantMs = 30_000;

/** What telling the others may take when this node leaves. */
const farewellMs = 500;

/** This node's place in the cluster: what it is to do, who else there is, and how to reach them. */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #lease: Lease;
  readonly #bus: ClusterBus;
  readonly #registry: NodeRegistry;
  readonly #pages: PagedAnswers;
  /** The node that held the lease before this one did, and when it gave it up if it said so. */
  #other: { holder: LeaseHolder; goneMs: number | undefined } | undefined;
  /** Since when nobody is known to hold the lease, monotonic. */
  #vacantMs: number | undefined;
  #duty: Duty | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { api, clock, host, identity, logger, pluginVersion, rng, serverVersion } = options;
    const { id, boot } = identity;
    this.#lease = new Lease({
      ...{ kv: api, clock, rng, logger, isPidAlive },
      identity: { id, boot, pid: process.pid, host, version: pluginVersion },
    });
    this.#bus = new ClusterBus({
      ...{ api, clock, rng, logger, selfId: id },
      epoch: () => this.epoch,
    });
    this.#registry = new NodeRegistry({
      ...{ kv: api, clock, logger },
      self: () => {
        const addresses = ownAddresses();
        return { id, host, addresses, pluginVersion, serverVersion, mode: this.mode };
      },
      // Else the others would know of it, and of what is wrong with its clock, half a minute later.
      onAnnounced: () => this.tell('node.hello', { host }),
    });
    this.#pages = new PagedAnswers(clock, rng);
    const poke = () => {
      this.#lease.poke();
      this.#registry.refresh();
    };
    this.#bus.serve('lead.free', poke);
    this.#bus.serve('lead.hello', poke);
    this.#bus.serve('node.hello', () => {
      this.#registry.refresh();
    });
  }

  /** Begins to take part; `onDuty` is told what this node is to do, each time that changes. */
  start(onDuty: (duty: Duty) => void): void {
    this.#vacantMs = this.#options.clock.monotonicMs();
    this.#lease.onChange((view) => {
      const duty = this.#dutyOf(view);
      if (duty === undefined || duty === this.#duty) return;
      this.#duty = duty;
      onDuty(duty);
      this.#registry.refresh();
      if (duty === 'collect') this.tell('lead.hello', { host: this.#options.host });
    });
    this.#lease.start();
    this.#registry.start();
  }

  /** Gives the lease up and tells the others; never rejects. */
  async leave(): Promise<void> {
    const { clock } = this.#options;
    const wasHolding = this.#lease.view().role === 'holding';
    await this.#lease.release();
    if (wasHolding) await endsWithin(clock, farewellMs, this.#publish('lead.free', {}));
    this.#bus.stop();
    await this.#registry.leave();
  }

  /** An event of another node; never throws, whatever it is. */
  receive(event: PluginClusterEvent): void {
    this.#bus.receive(event);
  }

  get mode(): Mode {
    return this.#lease.view().role === 'holding' ? 'scraper' : 'listener';
  }

  get epoch(): number {
    return this.#lease.view().epoch;
  }

  /** What became of the events of other nodes. */
  eventCounts(): Readonly<BusCounts> {
    return this.#bus.counts();
  }

  mayDelete(): boolean {
    return this.#lease.mayDelete();
  }

  /** Who collects; the node's name is empty while nobody is known to. */
  collector(): CollectingNode {
    const { epoch, holder } = this.#lease.view();
    return { node: holder?.host ?? '', sinceMs: holder?.sinceMs ?? 0, epoch };
  }

  /** Who collected before this node, if that was another one. */
  predecessor(): Predecessor | undefined {
    const { clock, identity } = this.#options;
    const other = this.#other;
    if (other !== undefined) {
      // Its record stood still for so long at least: what it collected may be that old, or older.
      const stillMs = clock.nowMs() - takeoverMs;
      const untilMs = Math.min(this.#lease.lastRenewalMs ?? stillMs, stillMs);
      return { host: other.holder.host, untilMs: other.goneMs ?? untilMs };
    }
    // Nobody held the lease in the time of this process: what the record says is all there is.
    const { freed } = this.#lease.view();
    if (freed === undefined || freed.id === identity.id) return undefined;
    return { host: freed.host, untilMs: Math.min(freed.untilMs, clock.nowMs()) };
  }

  /** The nodes that announce themselves, this one among them. */
  nodes(): NodeInfo[] {
    return this.#registry.nodes();
  }

  problems(): Problem[] {
    const own = [
      ...this.#lease.problems(),
      ...this.#registry.problems(),
      ...this.#bus.problems(),
      ...this.#options.identity.problems,
    ];
    const { clock } = this.#options;
    const isVacant =
      this.#vacantMs !== undefined && clock.monotonicMs() - this.#vacantMs >= vacantMs;
    return isVacant && own.length === 0 ? [noCollector] : own;
  }

  /** Answers a kind of message or request. */
  serve(kind: string, handler: Handler): void {
    this.#bus.serve(kind, handler);
  }

  /** Answers a kind of request whose answers may be long. */
  serveInPages(kind: string, handler: Handler): void {
    this.#bus.serve(kind, this.#pages.handler(handler));
  }

  /** Tells all other nodes, who may hear of it or not. */
  tell(kind: string, body: unknown): void {
    void this.#publish(kind, body);
  }

  /** Asks the collecting node. Rejects when there is none, when it is this one, or when it is silent. */
  async ask(kind: string, body: unknown, signal?: AbortSignal): Promise<unknown> {
    const options = signal === undefined ? {} : { signal };
    return await this.#bus.request(kind, this.#collectorId(), body, options);
  }

  /** As {@link ask}, for answers that may be long. */
  async askInPages(kind: string, body: unknown): Promise<unknown> {
    return await requestPages(this.#bus, kind, this.#collectorId(), body);
  }

  #collectorId(): string {
    const { holder } = this.#lease.view();
    if (holder === undefined) {
      throw new ClusterError('CLUSTER_STOPPED', 'No node collects at present.');
    }
    return holder.id;
  }

  async #publish(kind: string, body: unknown): Promise<void> {
    try {
      await this.#bus.publish(kind, body);
    } catch (error) {
      const { logger } = this.#options;
      logger.debug('The other nodes could not be told', { kind, error: asError(error) });
    }
  }

  /** Undefined while it is not known whether anybody collects. */
  #dutyOf(view: LeaseView): Duty | undefined {
    const { clock } = this.#options;
    const isHeld = view.role === 'holding' || view.holder !== undefined;
    this.#vacantMs = isHeld ? undefined : (this.#vacantMs ?? clock.monotonicMs());
    if (view.role === 'holding') return 'collect';
    this.#watch(view);
    return isHeld || this.#duty === 'collect' ? 'listen' : undefined;
  }

  #watch({ holder }: LeaseView): void {
    const { clock, identity } = this.#options;
    if (holder !== undefined) {
      this.#other = holder.id === identity.id ? undefined : { holder, goneMs: undefined };
    } else if (this.#other !== undefined) {
      this.#other.goneMs ??= clock.nowMs();
    }
  }
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((found) =>
    (found ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
  );
}

const noCollector = makeProblem({
  code: 'CLUSTER_NO_COLLECTOR',
  severity: 'error',
  message: say('cluster.no-collector'),
  advice: say('cluster.no-collector.advice'),
  link: consolePages.highAvailability,
});
