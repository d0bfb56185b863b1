import type {
  ClusterEventOptions,
  KvSetOptions,
  PluginApi,
  PluginClusterEvent,
} from '../mattermost/index.ts';
import type { Clock } from '../../lib/runtime/index.ts';
import { isSameBytes } from './sightings.ts';

type KvMethod = 'kvGet' | 'kvSet' | 'kvSetWithOptions' | 'kvCompareAndSet' | 'kvDelete' | 'kvList';

/** The part of the plugin API that nodes share state with. */
export type KvApi = Pick<PluginApi, KvMethod>;

interface Row {
  value: Uint8Array;
  /** By the wall clock of the server that wrote it; 0: never. */
  expireAtMs: number;
}

/** A row as it was from a moment on; undefined: there was none. */
interface Version {
  atMs: number;
  row: Row | undefined;
}

export interface KvConnection {
  /** Wall clock of the server that serves this node; it decides what is expired. */
  nowMs?: () => number;
  /** How far the replica that this node reads from is behind. */
  lagMs?: () => number;
}

/**
 * The server's key-value store: one primary, replicas that lag. Writes and compare-and-set go to the
 * primary, `kvGet` and `kvList` read the replica; expiry goes by the wall clock of the server that
 * runs the call, and a row whose time is exactly now has expired.
 */
export class FakeKvDatabase {
  readonly #clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly #rows = new Map<string, Version[]>();
  /** Lines that PostgreSQL would write to its log. */
  duplicateKeyErrors = 0;
  writes = 0;
  reads = 0;

  constructor(clock: Pick<Clock, 'nowMs' | 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** The calls of one node; none takes time. */
  connect(connection: KvConnection = {}): KvApi {
    const node = {
      nowMs: connection.nowMs ?? (() => this.#clock.nowMs()),
      lagMs: connection.lagMs ?? (() => 0),
    };
    return {
      kvGet: async (key) => this.get(key, node.nowMs(), node.lagMs()),
      kvSet: async (key, value) => {
        this.#put(checkedKey(key), value, 0);
      },
      kvSetWithOptions: async (key, value, options) =>
        this.setWithOptions(key, value, options, node.nowMs()),
      kvCompareAndSet: async (key, oldValue, newValue) =>
        this.compareAndSet(key, oldValue, newValue, node.nowMs()),
      kvDelete: async (key) => {
        this.#put(checkedKey(key), undefined, 0);
      },
      kvList: async (page, perPage) => this.list(page, perPage, node.nowMs(), node.lagMs()),
    };
  }

  get(key: string, nowMs: number, lagMs = 0): Uint8Array | undefined {
    this.reads++;
    const row = this.#rowAt(checkedKey(key), lagMs);
    if (row === undefined || isExpired(row, nowMs)) return undefined;
    return row.value.slice();
  }

  compareAndSet(
    key: string,
    oldValue: Uint8Array | undefined,
    newValue: Uint8Array,
    nowMs: number,
  ): boolean {
    return this.setWithOptions(key, newValue, { atomic: true, oldValue }, nowMs);
  }

  setWithOptions(
    key: string,
    value: Uint8Array | undefined,
    options: KvSetOptions,
    nowMs: number,
  ): boolean {
    checkedKey(key);
    const { atomic = false, oldValue, expireInSeconds = 0 } = options;
    const expireAtMs = expireInSeconds === 0 ? 0 : nowMs + expireInSeconds * 1000;
    if (!atomic) {
      if (oldValue !== undefined) throw new Error('old value without atomic');
      this.#put(key, value, expireAtMs);
      return true;
    }
    // Go's encoding cannot tell an empty value from none.
    if (oldValue === undefined || oldValue.length === 0) {
      return this.#insert(key, value, expireAtMs, nowMs);
    }
    const current = this.#rowAt(key, 0);
    if (current === undefined || isExpired(current, nowMs)) return false;
    if (!isSameBytes(current.value, oldValue)) return false;
    this.#put(key, value, expireAtMs);
    return true;
  }

  #insert(key: string, value: Uint8Array | undefined, expireAtMs: number, nowMs: number): boolean {
    if (value === undefined) return false;
    const current = this.#rowAt(key, 0);
    if (current !== undefined && !isExpired(current, nowMs)) {
      this.duplicateKeyErrors++;
      return false;
    }
    this.#put(key, value, expireAtMs);
    return true;
  }

  list(page: number, perPage: number, nowMs: number, lagMs = 0): string[] {
    const size = perPage === 0 ? 10 : perPage;
    const keys = [...this.#rows.keys()].filter((key) => {
      const row = this.#rowAt(key, lagMs);
      return row !== undefined && !isExpired(row, nowMs);
    });
    return keys.sort().slice(page * size, (page + 1) * size);
  }

  /** What the primary holds, whoever asks. */
  stored(key: string): Uint8Array | undefined {
    return this.#rowAt(key, 0)?.value;
  }

  #put(key: string, value: Uint8Array | undefined, expireAtMs: number): void {
    this.writes++;
    const row =
      value === undefined || value.length === 0 ? undefined : { value: value.slice(), expireAtMs };
    const versions = this.#rows.get(key) ?? [];
    versions.push({ atMs: this.#clock.monotonicMs(), row });
    if (versions.length > 256) versions.splice(0, 128);
    this.#rows.set(key, versions);
  }

  #rowAt(key: string, lagMs: number): Row | undefined {
    const versions = this.#rows.get(key) ?? [];
    if (lagMs === 0) return versions.at(-1)?.row;
    const atMs = this.#clock.monotonicMs() - lagMs;
    return versions.findLast((version) => version.atMs <= atMs)?.row;
  }
}

function isExpired(row: Row, nowMs: number): boolean {
  return row.expireAtMs !== 0 && row.expireAtMs <= nowMs;
}

function checkedKey(key: string): string {
  const { length } = Array.from(key);
  if (length === 0 || length > 150 || key.startsWith('mmi_')) throw new Error(`bad key ${key}`);
  return key;
}

/** What happens to an event on its way: delays of its copies; none means that it is lost. */
export type EventFate = (event: PluginClusterEvent, to: string) => readonly number[];

/**
 * The server's plugin cluster events among fake nodes: no answer, no order, no guarantee. Without a
 * target an event reaches all nodes but its sender.
 */
export class FakeClusterEvents {
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #nodes = new Map<string, (event: PluginClusterEvent) => void>();
  fate: EventFate = () => [0];
  sent = 0;

  constructor(clock: Pick<Clock, 'setTimer'>) {
    this.#clock = clock;
  }

  /** `receive` is the node's hook; the answer takes the node away. */
  join(id: string, receive: (event: PluginClusterEvent) => void): () => void {
    this.#nodes.set(id, receive);
    return () => void this.#nodes.delete(id);
  }

  /** The publishing call of the node `from`. */
  api(from: string): Pick<PluginApi, 'publishPluginClusterEvent'> {
    return {
      publishPluginClusterEvent: async (event, options) => this.#publish(from, event, options),
    };
  }

  #publish(from: string, event: PluginClusterEvent, options: ClusterEventOptions): void {
    this.sent++;
    const { targetId = '' } = options;
    for (const to of this.#nodes.keys()) {
      if (to === from || (targetId !== '' && to !== targetId)) continue;
      const copy = { id: event.id, data: event.data.slice() };
      for (const delayMs of this.fate(copy, to)) {
        this.#clock.setTimer(delayMs, () => this.#nodes.get(to)?.(copy));
      }
    }
  }
}
