import { asError, endsWithin, type Clock, type Logger } from '../../lib/runtime/index.ts';
import type { Shift } from '../membership/index.ts';
import type { OpenedParts } from './opened-parts.ts';

/** All that a stop may take: the server ends the process 10 s after it asked. */
const stopBudgetMs = 8_000;

/** What of it may go by until the lease is free: a database that is away must not cost the upload. */
const leaveBudgetMs = 2_000;

/** What of it may go into bringing the head to where it can be copied from. */
const headBudgetMs = 3_000;

/** What the last upload may take at least, however long the rest took. */
const lastSyncMs = 2_000;

/**
 * Ends in the order of the data: no more samples, the lease free for another node, then what is
 * finished goes to the file store. What takes too long stays in the WAL for the next start.
 */
export async function endParts(opened: OpenedParts, shift: Shift): Promise<void> {
  const { clock, client, dumps, gapCopier, ledger, logger, membership } = opened;
  const { metadata, packet, place, store, sync, targets, thread } = opened;
  const ended = (end: Promise<unknown>) => endedOrTold(end, logger);
  const deadlineMs = clock.monotonicMs() + stopBudgetMs;
  const stopped = ended(shift.stop());
  const left = ended(Promise.all([membership?.leave(), targets.stop(), gapCopier?.stop()]));
  await within(clock, leaveBudgetMs, () => left);
  await stopped;
  client.close();
  const ends = [ledger.close(), metadata.close(), store.flush(), dumps.stop(), packet.stop()];
  const others = Promise.all(ends.map((end) => ended(end)));
  await ended(saveHead(opened));
  await ended(sync.stop(Math.max(lastSyncMs, deadlineMs - clock.monotonicMs())));
  await Promise.all([others, left]);
  await ended(Promise.all([store.close(), place.close()]));
  await ended(thread.stop());
}

/**
 * In a cluster the next collector may be another node: the whole head becomes blocks, which are
 * copied next. A single server goes on with its WAL; its file store gets what it does not have.
 */
async function saveHead({ clock, keeper, logger, membership, store }: OpenedParts): Promise<void> {
  try {
    await within(clock, headBudgetMs, async (signal) => {
      if (membership !== undefined) await store.cutRest(signal);
      else await keeper?.publish(signal);
    });
  } catch (error) {
    const what = 'The newest samples stay in the WAL until the plugin starts here again';
    logger.info(what, { error: asError(error) });
  }
}

/** Waits for work until the budget is spent; then its signal aborts and it is left to itself. */
async function within(
  clock: Clock,
  budgetMs: number,
  work: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const spent = new AbortController();
  if (!(await endsWithin(clock, budgetMs, work(spent.signal)))) spent.abort();
}

/** One part that cannot end properly, as on a failing disk, must not keep the others from it. */
function endedOrTold(end: Promise<unknown>, logger: Logger): Promise<unknown> {
  return end.catch((error: unknown) => {
    logger.error('A part could not end properly', {
      code: 'PART_NOT_ENDED',
      error: asError(error),
    });
  });
}
