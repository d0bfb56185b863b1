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

  node(name: string, options: FakeNodeOptions = {}): FakeNode {
    const kv = this.database.connect(options);
    const identity = {
      ...{ id: name, boot: `boot-${name}`, pid: 100, host: `host-${name}`, version: '0.9.0' },
      ...options.identity,
    };
    const pass = () => Promise.resolve();
    const node: Omit<FakeNode, 'lease'> = { identity, calls: [], before: pass, after: pass };
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
