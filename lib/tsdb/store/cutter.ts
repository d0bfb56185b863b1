import type { Clock, Rng } from '../../runtime/index.ts';
import type { JsonObject } from '../block/index.ts';
import { copyHead, headCopyBuffers, Pacer, type Head } from '../head/index.ts';
import { newUlid } from '../ulid.ts';
import { blockInfo, takePublished, type BlockSet } from './block-set.ts';
import { firstCutRetryMs, lastCutRetryMs } from './limits.ts';
import type { Problems } from './problems.ts';
import type { Turnstile } from './turnstile.ts';
import type { BlockInfo, SnapshotRequest, StoreThread } from './types.ts';
import type { WalLog } from './wal-log.ts';
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

/** Turns the head's oldest block range into a block, and any range of it into a snapshot. */
export class Cutter {
  readonly #parts: CutterParts;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #retryMs = firstCutRetryMs;
  #notBeforeMs = -Infinity;
  /** End of a range whose block is durable while head and WAL still hold it. */
  #unforgottenMs: number | undefined;

  constructor(parts: CutterParts) {
    this.#parts = parts;
  }

  /** Whether there is something to cut or to tidy up, and no failure is recent. */
  get isDue(): boolean {
    if (!this.#hasFullRange && this.#unforgottenMs === undefined) return false;
    if (this.#parts.clock.monotonicMs() < this.#notBeforeMs) return false;
    return !this.#abort.signal.aborted;
  }

  /** Cuts as long as a block is due. Never rejects: a failure is a problem in the status. */
  async run(): Promise<void> {
    if (this.#running === undefined && !this.isDue) return;
    this.#running ??= this.#cutAll().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
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
    const { clock, problems } = this.#parts;
    try {
      if (this.#unforgottenMs !== undefined) await this.#forget(this.#unforgottenMs);
      while (this.#hasFullRange && !this.#abort.signal.aborted) await this.#cutOne();
      problems.clear('cut');
      this.#retryMs = firstCutRetryMs;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#notBeforeMs = clock.monotonicMs() + this.#retryMs;
      const reason = error instanceof Error ? error.message : String(error);
      const message = `cutting a block failed and will be tried again: ${reason}`;
      problems.set('cut', { code: 'TSDB_CUT_FAILED', message });
      this.#retryMs = Math.min(2 * this.#retryMs, lastCutRetryMs);
    }
  }

  async #cutOne(): Promise<void> {
    const { dir, clock, head, blocks, turnstile, onBlock } = this.#parts;
    // A commit that began before this moment may still bring samples of the range; later ones may
    // not, because the range ends more than half a range before the head's newest sample.
    await turnstile.enter(() => undefined);
    const endMs = (Math.floor(head.minMs / head.rangeMs) + 1) * head.rangeMs;
    const pacer = new Pacer(clock);
    await head.closeBefore(endMs, pacer);
    const copy = await copyHead(head, -Infinity, endMs, pacer);
    if (copy !== undefined) {
      const cut = { copy, mint: -Infinity, maxt: endMs, parentDir: dir };
      const block = await this.#write(cut, this.#abort.signal);
      this.#unforgottenMs = endMs;
      if (block !== undefined) {
        blocks.add(block);
        onBlock(block);
      }
    }
    await this.#forget(endMs);
  }

  /** More than one and a half ranges: what is newer may still get samples out of step. */
  get #hasFullRange(): boolean {
    const { head } = this.#parts;
    return head.samples > 0 && head.maxMs - head.minMs > 1.5 * head.rangeMs;
  }

  /** Frees memory and WAL of what a durable block holds now. */
  async #forget(endMs: number): Promise<void> {
    const { clock, head, wal, turnstile, thread } = this.#parts;
    this.#unforgottenMs = endMs;
    const last = await turnstile.enter(async () => {
      await head.dropBefore(endMs, new Pacer(clock));
      return wal.cutSegment();
    });
    await wal.writeCheckpoint(last, endMs, thread, this.#abort.signal);
    this.#unforgottenMs = undefined;
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
