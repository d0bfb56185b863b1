import { FakeClock, type Logger, seededRng, silentLogger } from '../../lib/runtime/index.ts';
import { FakeKvDatabase, type KvConnection } from './cluster-fixture.ts';
import type { LeaseKv } from './lease-calls.ts';
import { Lease, type LeaseIdentity } from './lease.ts';

/** What a test does to the calls of one node. */
export interface FakeNode {
  lease: Lease;
  identity: LeaseIdentity;
  /** Calls that reached the database, by name. */
  calls: string[];
  /** Runs before a call; a rejection fails it, a promise that never settles hangs it. */
  before: (method: 'get' | 'swap') => Promise<void>;
  /** Runs after a call happened and before its answer. */
  after: (method: 'get' | 'swap') => Promise<void>;
  /** Of each swap the first answer is lost, and the server's database driver asks once more. */
  isRepeated: boolean;
}

export interface FakeNodeOptions extends KvConnection {
  identity?: Partial<LeaseIdentity>;
  isPidAlive?: (pid: number) => boolean;
  logger?: Logger;
  seed?: number;
}

export const never = () => new Promise<void>(() => undefined);

/** One database, one clock, and nodes that want the lease. */
export class LeaseBench {
  readonly clock = new FakeClock();
  readonly database = new FakeKvDatabase(this.clock);

  readonly nodes: FakeNode[] = [];

  #node(name: string, options: FakeNodeOptions): FakeNode {
    const kv = this.database.connect(options);
    const identity = {
      ...{ id: name, boot: `boot-${name}`, pid: 100, host: `host-${name}`, version: '0.9.0' },
      ...options.identity,
    };
    const pass = () => Promise.resolve();
    const node: Omit<FakeNode, 'lease'> = {
      ...{ identity, calls: [], before: pass, after: pass },
      isRepeated: false,
    };
    const watched: LeaseKv = {
      kvGet: async (key) => {
        await node.before('get');
        node.calls.push('get');
        const value = await kv.kvGet(key);
        await node.after('get');
        return value;
      },
      kvCompareAndSet: async (key, oldValue, newValue) => {
        await node.before('swap');
        node.calls.push('swap');
        if (node.isRepeated) await kv.kvCompareAndSet(key, oldValue, newValue);
        const isSwapped = await kv.kvCompareAndSet(key, oldValue, newValue);
        await node.after('swap');
        return isSwapped;
      },
    };
    const lease = new Lease({
      kv: watched,
      clock: this.clock,
      rng: seededRng(options.seed ?? name.charCodeAt(0)),
      identity,
      isPidAlive: options.isPidAlive ?? (() => true),
      logger: options.logger ?? silentLogger,
    });
    return Object.assign(node, { lease });
  }

  /** A node that has not started. */
  add(name: string, options: FakeNodeOptions = {}): FakeNode {
    const node = this.#node(name, options);
    this.nodes.push(node);
    return node;
  }

  started(name: string, options: FakeNodeOptions = {}): FakeNode {
    const node = this.add(name, options);
    node.lease.start();
    return node;
  }

  /** A node that has held the lease for four seconds. */
  async lonely(): Promise<FakeNode> {
    const node = this.started('a');
    await this.until(() => isHolding(node));
    await this.clock.advance(4000);
    return node;
  }

  /** A node that holds the lease, and one that has watched it for four seconds. */
  async pair(): Promise<{ holder: FakeNode; follower: FakeNode }> {
    const holder = this.started('a');
    await this.until(() => isHolding(holder));
    const follower = this.started('b');
    await this.clock.advance(4000);
    return { holder, follower };
  }

  /** Ends all nodes; answers how many timers are left. */
  async close(): Promise<number> {
    for (const { lease } of this.nodes) void lease.release();
    await this.clock.advance(5000);
    return this.clock.pendingTimers;
  }

  /** Advances until `isTrue`, at most `limitMs`; answers how long that took. */
  async until(isTrue: () => boolean, limitMs = 60_000): Promise<number> {
    const startMs = this.clock.monotonicMs();
    while (!isTrue()) {
      const passedMs = this.clock.monotonicMs() - startMs;
      if (passedMs >= limitMs) throw new Error(`did not happen within ${limitMs} ms`);
      await this.clock.advance(10);
    }
    return this.clock.monotonicMs() - startMs;
  }

  record(): Record<string, unknown> | undefined {
    const raw = this.database.stored('lead');
    return raw === undefined
      ? undefined
      : (JSON.parse(new TextDecoder().decode(raw)) as Record<string, unknown>);
  }

  async write(value: unknown): Promise<void> {
    const bytes =
      value instanceof Uint8Array ? value : new TextEncoder().encode(JSON.stringify(value));
    await this.database.connect().kvSet('lead', bytes);
  }
}

export const isHolding = ({ lease }: FakeNode) => lease.view().role === 'holding';

export const problemCodes = ({ lease }: FakeNode) => lease.problems().map(({ code }) => code);

/** As SIGKILL: nothing of the node reaches the database any more. */
export function kill(node: FakeNode): void {
  node.before = never;
}
