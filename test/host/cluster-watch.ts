import { setTimeout as wait } from 'node:timers/promises';
import type { Status } from '../../api/index.ts';
import { pluginId, statusOf, type DemoNode } from './demo-node.ts';

/** What is shown of one node. */
export interface NodeView {
  name: string;
  url: string;
  isRunning: boolean;
  /** Why the plugin does not run. */
  error: string;
  pid: number;
  mode: string;
  epoch: number;
  targetsUp: number;
  targetsTotal: number;
  newestSampleAgeMs: number | null;
  problems: string[];
}

const pollMs = 250;
/** A plugin that is about to end may never answer. */
const answerMs = 2000;
const maxEvents = 30;

/** Asks every node for its status and remembers what changed. */
export class ClusterWatch {
  readonly #nodes: readonly DemoNode[];
  readonly #statuses = new Map<DemoNode, Status>();
  readonly #stop = new AbortController();
  readonly #polling: Promise<unknown>;
  /** Newest last. */
  readonly events: { atMs: number; text: string }[] = [];
  #collectorName = '';
  /** Undefined until somebody has collected. */
  #withoutSinceMs: number | undefined;

  constructor(nodes: readonly DemoNode[]) {
    this.#nodes = nodes;
    this.#polling = Promise.all(nodes.map((node) => this.#poll(node)));
  }

  /** The one node that says it collects. */
  collector(): DemoNode | undefined {
    const collecting = this.#nodes.filter((node) => this.#statuses.get(node)?.mode === 'scraper');
    return collecting.length === 1 ? collecting[0] : undefined;
  }

  /** Exactly one scraper, and listeners that know it. */
  hasAgreed(): boolean {
    const statuses = this.#nodes.map((node) => this.#statuses.get(node));
    const listening = statuses.filter((status) => status?.mode === 'listener');
    return this.collector() !== undefined && listening.length === this.#nodes.length - 1;
  }

  note(text: string): void {
    this.events.push({ atMs: Date.now(), text });
    if (this.events.length > maxEvents) this.events.shift();
  }

  views(): NodeView[] {
    return this.#nodes.map((node) => {
      const plugin = node.host.plugin(pluginId);
      const status = this.#statuses.get(node);
      return {
        name: node.name,
        url: node.host.url,
        isRunning: isAlive(node) && status !== undefined,
        error: plugin.error,
        pid: isAlive(node) ? (plugin.active?.process.pid ?? 0) : 0,
        ...toldBy(status),
      };
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#polling;
  }

  async #poll(node: DemoNode): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const answer = isAlive(node) ? statusOf(node).catch(() => undefined) : undefined;
      const status = await Promise.race([answer, wait(answerMs, undefined, { ref: false })]);
      if (status === undefined) this.#statuses.delete(node);
      else this.#statuses.set(node, status);
      this.#noteCollector();
      await wait(pollMs);
    }
  }

  #noteCollector(): void {
    const name = this.collector()?.name ?? '';
    if (name === this.#collectorName) return;
    if (name === '') this.#withoutSinceMs = Date.now();
    else if (this.#withoutSinceMs === undefined) this.note(`${name} collects`);
    else {
      const seconds = ((Date.now() - this.#withoutSinceMs) / 1000).toFixed(1);
      this.note(`${name} collects, after ${seconds} s without a collector`);
    }
    this.#collectorName = name;
  }
}

/** A killed plugin counts as active until the server's health check finds it. */
function isAlive({ host }: DemoNode): boolean {
  const active = host.plugins.get(pluginId)?.active;
  return active?.process.hasExited === false;
}

function ageOf(status: Status | undefined): number | null {
  if (status === undefined || status.newestSampleMs === null) return null;
  return status.nowMs - status.newestSampleMs;
}

/** What a node says of itself; nothing while it does not answer. */
function toldBy(
  status: Status | undefined,
): Omit<NodeView, 'name' | 'url' | 'isRunning' | 'error' | 'pid'> {
  const age = { newestSampleAgeMs: ageOf(status) };
  if (status === undefined) {
    return { mode: '', epoch: 0, targetsUp: 0, targetsTotal: 0, ...age, problems: [] };
  }
  const { collector, mode, problems, targets } = status;
  return {
    ...{ mode, epoch: collector.epoch, targetsUp: targets.up, targetsTotal: targets.total },
    ...age,
    problems: problems.map(({ message }) => message),
  };
}
