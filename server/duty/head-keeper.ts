import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asError, sleep, type Clock, type Logger } from '../../lib/runtime/index.ts';
import type { Store } from '../../lib/tsdb/index.ts';
import type { HeadSnapshots, RemoteBlock } from '../share/index.ts';
import type { Collecting } from './collecting.ts';

/**
 * Pause between two snapshots: a sample must be in the file store before it is five minutes old, and
 * writing and copying one takes its time, too.
 */
const periodMs = 4.5 * 60_000;

/** Pause after one that found nothing to keep, as right after a start. */
const emptyMs = 30_000;

/** Of scrapes that were under way during the last snapshot of an earlier run, nothing is known. */
const forgottenMs = 60_000;

const workName = 'head-work';

/** What {@link HeadKeeper} stands on. */
export interface HeadKeeperOptions {
  clock: Clock;
  logger: Logger;
  store: Pick<Store, 'snapshotHead'>;
  snapshots: HeadSnapshots;
  collecting: Collecting;
  dataDirectory: string;
  /** Told after a snapshot has reached the file store. It must not throw. */
  onPublished: () => void;
}

/**
 * Keeps the file store a few minutes behind the head while this node collects: each snapshot holds
 * what no earlier one does.
 */
export class HeadKeeper {
  readonly #options: HeadKeeperOptions;
  #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  /** Where the next snapshot begins; undefined until the file store was asked. */
  #fromMs: number | undefined;
  /** Snapshots are made one after another: each begins where the one before ended. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: HeadKeeperOptions) {
    this.#options = options;
  }

  /** Begins with what an earlier run has left out of the file store. */
  start(): void {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#loop = this.#loop.then(() => this.#run(signal));
  }

  /** Breaks off what is under way; resolves when nothing is. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await this.#turn;
  }

  /**
   * Brings what no snapshot holds yet to the file store. Undefined when there is nothing of that
   * kind; rejects when it could not be brought there: the next one begins at the same time.
   */
  publish(signal: AbortSignal = this.#stop.signal): Promise<RemoteBlock | undefined> {
    const turn = this.#turn.then(() => this.#publish(signal));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Never rejects. */
  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    this.#fromMs = undefined;
    while (!signal.aborted) {
      const hasKept = await this.#keep(signal);
      await sleep(clock, hasKept ? periodMs : emptyMs, signal);
    }
  }

  /** Whether a snapshot is in the file store that was not before; never rejects. */
  async #keep(signal: AbortSignal): Promise<boolean> {
    const { logger, snapshots } = this.#options;
    try {
      const published = await this.publish(signal);
      await snapshots.prune({ signal });
      return published !== undefined;
    } catch (error) {
      // Trouble with the file store is in the status.
      logger.debug('A snapshot of the head was not kept', { error: asError(error) });
      return false;
    }
  }

  async #publish(signal: AbortSignal): Promise<RemoteBlock | undefined> {
    const { collecting, dataDirectory, onPublished, snapshots, store } = this.#options;
    if (this.#fromMs === undefined) {
      await snapshots.list({ signal });
      this.#fromMs = (snapshots.savedUntilMs() ?? -Infinity) - forgottenMs;
    }
    const parentDir = join(dataDirectory, workName);
    await rm(parentDir, { recursive: true, force: true });
    await mkdir(parentDir, { recursive: true, mode: 0o700 });
    try {
      // Asked before the snapshot is made: what is under way now may or may not be in it.
      const settledMs = collecting.collector?.settledMs() ?? Infinity;
      const block = await store.snapshotHead({ mint: this.#fromMs, parentDir, signal });
      if (block === undefined) return undefined;
      const published = await snapshots.publish(block, { signal });
      this.#fromMs = Math.max(this.#fromMs, Math.min(block.maxt, settledMs));
      onPublished();
      return published;
    } finally {
      await rm(parentDir, { recursive: true, force: true });
    }
  }
}
