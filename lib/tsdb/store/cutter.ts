import { codeOf, errorText, type Clock, type Rng } from '../../runtime/index.ts';
import type { JsonObject } from '../block/index.ts';
import { copyHead, headCopyBuffers, Pacer, type Head } from '../head/index.ts';
import { newUlid } from '../ulid.ts';
import { blockInfo, takePublished, type BlockSet } from './block-set.ts';
import { firstCutRetryMs, lastCutRetryMs } from './limits.ts';
import type { Problems } from './problems.ts';
import type { Turnstile } from './turnstile.ts';
import type { BlockInfo, SnapshotRequest, StoreThread } from './types.ts';
import type { WalLog } from './wal-log.ts';
import { WalRenewal } from './wal-renewal.ts';
import type { WriteHeadBlock, WroteHeadBlock } from './write-head-block.ts';

const method = 'tsdb.writeHeadBlock';

/** What cutting works on. */
export interface CutterParts {
  dir: string;
  clock: Clock;
  rng: Rng;
  thread: StoreThread;
  head: Head;
  blocks: BlockSet;
  wal: WalLog;
  /** Commits go through it; whoever is inside knows that none is half done. */
  turnstile: Turnstile;
  problems: Problems;
  extra: JsonObject | undefined;
  onBlock: (block: BlockInfo) => void;
}

/** What is in durable blocks while head or WAL still hold it. */
interface Unforgotten {
  /** The head still has the block ranges before this; -Infinity when it has let go of all of them. */
  headMs: number;
  /** The WAL still has the samples before this. */
  walMs: number;
}

/**
 * Turns the head's oldest block range into a block, the whole head into blocks, and any range of it
 * into a snapshot.
 */
export class Cutter {
  readonly #parts: CutterParts;
  readonly #renewal: WalRenewal;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #retryMs = firstCutRetryMs;
  #notBeforeMs = -Infinity;
  #unforgotten: Unforgotten | undefined;

  constructor(parts: CutterParts) {
    this.#parts = parts;
    this.#renewal = new WalRenewal(parts);
  }

  /** Whether there is something to cut, to tidy up or to write anew, and no failure is recent. */
  get isDue(): boolean {
    return !this.#abort.signal.aborted && (this.#isCutDue || this.#renewal.isDue);
  }

  get #isCutDue(): boolean {
    if (!this.#hasFullRange && this.#unforgotten === undefined) return false;
    return this.#parts.clock.monotonicMs() >= this.#notBeforeMs;
  }

  /** Cuts as long as a block is due. Never rejects: a failure is a problem in the status. */
  async run(): Promise<void> {
    if (this.#running === undefined && !this.isDue) return;
    this.#running ??= this.#cutAll().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /**
   * Cuts the whole head, range by range, and empties it and the WAL; see `Store.cutRest`. Whoever
   * commits meanwhile waits: the last range is not over, and nothing of it may be forgotten uncut.
   */
  async cutRest(signal?: AbortSignal): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    const signals = [this.#abort.signal, ...(signal === undefined ? [] : [signal])];
    const run = this.#cutEverything(AbortSignal.any(signals));
    this.#running = run.then(ignore, ignore).finally(() => {
      this.#running = undefined;
    });
    await run;
  }

  /** Ends a running cut without its block, which is cut again after the next start. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Writes a range of the head as a block elsewhere; see `Store.snapshotHead`. */
  async snapshot(request: SnapshotRequest): Promise<BlockInfo | undefined> {
    const { mint = -Infinity, maxt = Infinity, parentDir, signal } = request;
    const { head, clock, turnstile } = this.#parts;
    const copy = await turnstile.enter(() => copyHead(head, mint, maxt, new Pacer(clock)));
    if (copy === undefined) return undefined;
    return this.#write({ copy, mint, maxt, parentDir }, signal ?? this.#abort.signal);
  }

  async #cutAll(): Promise<void> {
    const { signal } = this.#abort;
    // A checkpoint of what is doubted would be no better, if it could be read at all.
    await this.#renewal.run(signal);
    if (!this.#isCutDue) return;
    try {
      if (this.#unforgotten !== undefined) await this.#forget(this.#unforgotten, signal);
      while (this.#hasFullRange && !signal.aborted) await this.#cutOne(signal);
      this.#noteSuccess();
    } catch (error) {
      if (!signal.aborted) this.#noteFailure(error);
    }
  }

  async #cutEverything(signal: AbortSignal): Promise<void> {
    const { clock, head, turnstile } = this.#parts;
    await this.#renewal.run(signal);
    try {
      if (this.#unforgotten !== undefined) await this.#forget(this.#unforgotten, signal);
      await turnstile.enter(async () => {
        while (head.samples > 0) {
          signal.throwIfAborted();
          const endMs = this.#oldestRangeEnd;
          await this.#writeRange(endMs, signal);
          await head.dropBefore(endMs, new Pacer(clock));
          // From here on new samples may come into the very range that was cut.
          this.#unforgotten = { headMs: -Infinity, walMs: this.#parts.blocks.maxt };
        }
        // Nobody has a use for series of a store that is not written to.
        await head.collect(new Pacer(clock), Infinity);
      });
      if (this.#unforgotten !== undefined) await this.#forget(this.#unforgotten, signal);
      this.#noteSuccess();
    } catch (error) {
      if (!signal.aborted) this.#noteFailure(error);
      throw error;
    }
  }

  async #cutOne(signal: AbortSignal): Promise<void> {
    // A commit that began before this moment may still bring samples of the range; later ones may
    // not, because the range ends more than half a range before the head's newest sample.
    await this.#parts.turnstile.enter(() => undefined);
    const unforgotten = await this.#writeRange(this.#oldestRangeEnd, signal);
    await this.#forget(unforgotten, signal);
  }

  /** Writes what the head has before `endMs`, the end of a range that gets no samples meanwhile. */
  async #writeRange(endMs: number, signal: AbortSignal): Promise<Unforgotten> {
    const { dir, clock, head, blocks, onBlock } = this.#parts;
    const unforgotten = { headMs: endMs, walMs: endMs };
    const pacer = new Pacer(clock);
    await head.closeBefore(endMs, pacer);
    const copy = await copyHead(head, -Infinity, endMs, pacer);
    if (copy === undefined) return unforgotten;
    const cut = { copy, mint: -Infinity, maxt: endMs, parentDir: dir };
    const block = await this.#write(cut, signal);
    this.#unforgotten = unforgotten;
    if (block !== undefined) {
      blocks.add(block);
      onBlock(block);
    }
    return unforgotten;
  }

  /** End of the block range that the head's oldest sample is in. */
  get #oldestRangeEnd(): number {
    const { minMs, rangeMs } = this.#parts.head;
    return (Math.floor(minMs / rangeMs) + 1) * rangeMs;
  }

  #noteSuccess(): void {
    this.#parts.problems.clear('cut');
    this.#retryMs = firstCutRetryMs;
  }

  #noteFailure(error: unknown): void {
    const { clock, problems } = this.#parts;
    this.#notBeforeMs = clock.monotonicMs() + this.#retryMs;
    const reason = errorText(error);
    const message = `cutting a block failed and will be tried again: ${reason}`;
    problems.set('cut', { code: 'TSDB_CUT_FAILED', message, reason });
    this.#retryMs = Math.min(2 * this.#retryMs, lastCutRetryMs);
  }

  /** More than one and a half ranges: what is newer may still get samples out of step. */
  get #hasFullRange(): boolean {
    const { head } = this.#parts;
    return head.samples > 0 && head.maxMs - head.minMs > 1.5 * head.rangeMs;
  }

  /** Frees memory and WAL of what a durable block holds now. */
  async #forget(unforgotten: Unforgotten, signal: AbortSignal): Promise<void> {
    const { clock, head, wal, turnstile, thread } = this.#parts;
    this.#unforgotten = unforgotten;
    const last = await turnstile.enter(async () => {
      await head.dropBefore(unforgotten.headMs, new Pacer(clock));
      return wal.cutSegment();
    });
    try {
      await wal.writeCheckpoint(last, unforgotten.walMs, thread, signal);
    } catch (error) {
      // What cannot be read now cannot be read by the next try, but memory has all of it.
      if (codeOf(error)?.startsWith('TSDB_WAL_') === true) wal.writer.noteDoubted(last);
      throw error;
    }
    this.#unforgotten = undefined;
  }

  async #write(
    block: Omit<WriteHeadBlock, 'ulid' | 'extra'>,
    signal: AbortSignal,
  ): Promise<BlockInfo | undefined> {
    const { clock, rng, thread, extra } = this.#parts;
    const payload: WriteHeadBlock = {
      ...block,
      ulid: newUlid(clock.nowMs(), rng),
      ...(extra === undefined ? {} : { extra }),
    };
    const transfer = headCopyBuffers(block.copy);
    try {
      const options = { transfer, signal };
      const written = (await thread.call(method, payload, options)) as WroteHeadBlock;
      return written === null ? undefined : blockInfo(written.meta, written.dir, written.sizeBytes);
    } catch (error) {
      // A thread that died behind the last step has done its work: cut again, it would be doubled.
      const published = await takePublished(payload.parentDir, payload.ulid);
      if (published === undefined) throw error;
      return published;
    }
  }
}

function ignore(): void {
  return;
}
