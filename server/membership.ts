import type { ClusterNode, Mode, Problem } from '../api/index.ts';
import type { Clock, Logger } from '../lib/runtime/index.ts';
import type { Lease, LeaseHolder, LeaseView } from './cluster/index.ts';
import type { Predecessor } from './collecting.ts';
import type { Duty } from './shift.ts';

/** The collecting node as every node tells it. */
export interface CollectingNode {
  node: string;
  sinceMs: number;
  epoch: number;
}

export interface MembershipOptions {
  clock: Clock;
  logger: Logger;
  lease: Lease;
  /** Cluster id of this node. */
  id: string;
  problems: readonly Problem[];
}

/** A record that is not renewed for this long is taken over: what was collected may be that old. */
const takeoverMs = 15_000;

/** This node's place in the cluster: what it may do, who else there is, and how to reach them. */
export class Membership {
  readonly #options: MembershipOptions;
  /** The node that held the lease before this one did, and when it was last known to. */
  #other: { holder: LeaseHolder; isGone: boolean; atMs: number } | undefined;
  #duty: Duty | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Begins to take part; `onDuty` is told what this node is to do, each time that changes. */
  start(onDuty: (duty: Duty) => void): void {
    const { lease } = this.#options;
    lease.onChange((view) => {
      const duty = this.#dutyOf(view);
      if (duty === undefined || duty === this.#duty) return;
      this.#duty = duty;
      onDuty(duty);
    });
    lease.start();
  }

  /** Gives the lease up and tells the others; never rejects. */
  async leave(): Promise<void> {
    await this.#options.lease.release();
  }

  get mode(): Mode {
    return this.#options.lease.view().role === 'holding' ? 'scraper' : 'listener';
  }

  get epoch(): number {
    return this.#options.lease.view().epoch;
  }

  mayDelete(): boolean {
    return this.#options.lease.mayDelete();
  }

  /** Who collects; the node's name is empty while nobody is known to. */
  collector(): CollectingNode {
    const { epoch, holder } = this.#options.lease.view();
    return { node: holder?.host ?? '', sinceMs: holder?.sinceMs ?? 0, epoch };
  }

  /** Who collected before this node, if that was another one. */
  predecessor(): Predecessor | undefined {
    const other = this.#other;
    if (other === undefined) return undefined;
    const { clock } = this.#options;
    const untilMs = other.isGone ? other.atMs : clock.nowMs() - takeoverMs;
    return { host: other.holder.host, untilMs };
  }

  nodes(): ClusterNode[] {
    return [];
  }

  problems(): Problem[] {
    return [...this.#options.problems, ...this.#options.lease.problems()];
  }

  /** Undefined while it is not known whether anybody collects. */
  #dutyOf(view: LeaseView): Duty | undefined {
    if (view.role === 'holding') return 'collect';
    this.#watch(view);
    return view.holder !== undefined || this.#duty === 'collect' ? 'listen' : undefined;
  }

  #watch({ holder }: LeaseView): void {
    const { clock, id } = this.#options;
    if (holder === undefined) {
      if (this.#other !== undefined && !this.#other.isGone) {
        this.#other = { ...this.#other, isGone: true, atMs: clock.nowMs() };
      }
      return;
    }
    this.#other = holder.id === id ? undefined : { holder, isGone: false, atMs: clock.nowMs() };
  }
}
