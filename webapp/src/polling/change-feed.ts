/** What the server tells of: the list of dumps, or everything the overview shows. */
export type Topic = 'dumps' | 'status';

/** `changed`: there is something new; `reconnected`: there may have been, while nobody listened. */
export type News = 'changed' | 'reconnected';

/**
 * Asked for more often than this, somebody waits for the value: then only news of that very topic,
 * and recent ones, are a reason to ask less.
 */
const WAITED_PACE_MS = 5_000;

/** Missed by so many turns of a quick pace, news count as silent. */
const SILENT_TURNS = 5;

export interface ChangeFeedOptions {
  /** Whether the host's socket to the server is open. */
  isConnected: () => boolean;
  monotonicMs: () => number;
}

/**
 * The events by which the server says that something has changed; they carry no data. Who is not told of
 * changes, because his role is not or because the socket is closed, has to ask at a pace instead.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #watchers = new Set<{ topic: Topic; run: (news: News) => void }>();
  readonly #toldMs = new Map<Topic, number>();

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
  }

  /** The server said so. */
  tell(topic: Topic): void {
    this.#toldMs.set(topic, this.#options.monotonicMs());
    this.#run('changed', topic);
  }

  /** The socket is open again: what happened meanwhile is not known, nor whether events still come. */
  reconnect(): void {
    this.#toldMs.clear();
    this.#run('reconnected', null);
  }

  /** The answer ends it. */
  watch(topic: Topic, run: (news: News) => void): () => void {
    const watcher = { topic, run };
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  /** Whether events come, so that asking every `paceMs` can be spared. */
  isHeard(topic: Topic, paceMs: number): boolean {
    if (!this.#options.isConnected() || this.#toldMs.size === 0) {
      return false;
    }
    if (paceMs > WAITED_PACE_MS) {
      return true;
    }
    const toldMs = this.#toldMs.get(topic);
    const silentMs = SILENT_TURNS * paceMs;
    return toldMs !== undefined && this.#options.monotonicMs() - toldMs < silentMs;
  }

  #run(news: News, topic: Topic | null): void {
    for (const watcher of [...this.#watchers]) {
      if (topic === null || watcher.topic === topic) {
        watcher.run(news);
      }
    }
  }
}
