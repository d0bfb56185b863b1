import type { Dump } from '../../../api/index.ts';
import { ArchiveMemory } from '../archive/index.ts';
import type { DumpService } from '../dumps.ts';
import type { PacketArchive } from './packet-dump.ts';
import { overlaps, type TimeRange } from '../selection/index.ts';

/** What is asked of the dumps of this deployment. */
export type FinishedDumps = Pick<DumpService, 'list' | 'archive'>;

/** The newest dump that is ready, has a part in the range and is not too large; undefined without. */
export async function newestFinished(
  dumps: FinishedDumps,
  range: TimeRange,
  maxBytes: number,
  signal: AbortSignal,
): Promise<PacketArchive | undefined> {
  const all = await dumps.list();
  const fitting = all.filter((dump) => isFitting(dump, range, maxBytes));
  const [dump] = fitting.sort((a, b) => endOf(b) - endOf(a));
  if (dump === undefined || dump.actual === null) return undefined;
  const { id, requested, actual, samples, series, stepSeconds, warnings } = dump;
  const archive = await dumps.archive(id);
  signal.throwIfAborted();
  const body = await archive.open({ start: 0, end: archive.sizeBytes });
  const giveUp = () => body.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const memory = new ArchiveMemory(archive.sizeBytes);
    await memory.take(body);
    const facts = { requested, actual, stepSeconds, warnings };
    return { ...facts, body: memory.bytes, samples: samples ?? 0, series: series ?? 0 };
  } finally {
    signal.removeEventListener('abort', giveUp);
    body.destroy();
  }
}

/** Samples of some series alone would be taken for all there are. */
function isFitting(dump: Dump, range: TimeRange, maxBytes: number): boolean {
  const { actual, filter, sizeBytes, state } = dump;
  if (state !== 'ready' || filter !== null || actual === null || sizeBytes === null) return false;
  return sizeBytes <= maxBytes && overlaps({ mint: actual.fromMs, maxt: actual.toMs + 1 }, range);
}

function endOf({ actual }: Dump): number {
  return actual?.toMs ?? -Infinity;
}
