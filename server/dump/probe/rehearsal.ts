import { rm } from 'node:fs/promises';
import type { Clock } from '../../../lib/runtime/index.ts';
import { ArchiveStream } from '../archive/index.ts';
import type { DumpThread } from '../ports.ts';
import type { OpenRequest } from '../packing/index.ts';
import type { ProbeRequest, SampleBlock, SampleBlockRequest, SampleBlocks } from './protocol.ts';
import type { RehearsalPlan } from './rehearsal-plan.ts';

/** Runs that count, behind one that warms the code; a burst of other work hits one of them. */
const warmRuns = 3;

/**
 * What a large dump takes of what as many small ones do (measured over several kinds of dumps): the engine
 * goes on to make code faster, and each begins and ends anew.
 */
const largeShare = 0.85;

/** What making a part of a dump took, by the phases that it has. */
export interface Rehearsed {
  /** Reading, checking, writing anew, compressing: all that is done with the blocks. */
  packMs: number;
  /** Unpacking and comparing what was read back, and of how many bytes. */
  checkMs: number;
  archiveBytes: number;
}

/** What a rehearsal stands on. */
export interface RehearsalParts {
  clock: Pick<Clock, 'monotonicMs' | 'nowMs'>;
  thread: DumpThread;
  /** Gets the small blocks, which go afterwards. */
  parentDir: string;
  signal: AbortSignal;
}

/** What was told about a dump of all sources of one kind. */
export interface RehearsedKind extends Rehearsed {
  /** What the very first run took longer than the next: code that has not run before is slower. */
  coldMs: number;
}

/**
 * Makes a small dump of some series of a block, with the very code that makes large ones, and tells what
 * the whole block would take. Undefined when the block is gone.
 */
export async function rehearse(
  parts: RehearsalParts,
  request: ProbeRequest,
  { range, source }: Pick<RehearsalPlan, 'range' | 'source'>,
): Promise<RehearsedKind | undefined> {
  const { parentDir, signal, thread } = parts;
  const { filter } = request;
  try {
    const asked: SampleBlockRequest = { dir: source.dir ?? '', filter, parentDir };
    const { others, selected } = (await thread.call('dump.sampleBlocks', asked, {
      signal,
    })) as SampleBlocks;
    if (selected === null && others === null) return undefined;
    const whole: RehearsedKind = { packMs: 0, checkMs: 0, archiveBytes: 0, coldMs: 0 };
    for (const sample of [selected, others]) {
      if (sample === null) continue;
      const { coldMs, ...took } = await severalDumps(parts, { ...request, ...range }, sample);
      const times = sample.ofSeries / sample.series;
      whole.packMs += took.packMs * times * largeShare;
      whole.checkMs += took.checkMs * times;
      whole.archiveBytes += took.archiveBytes * times;
      whole.coldMs += coldMs;
    }
    return whole;
  } finally {
    await rm(parentDir, { recursive: true, force: true });
  }
}

/** A first dump, and what the middle one of the next takes beyond one of nothing. */
async function severalDumps(
  parts: RehearsalParts,
  request: ProbeRequest,
  sample: SampleBlock,
): Promise<RehearsedKind> {
  const cold = await dumpOnce(parts, request, [sample.dir]);
  const empty = await dumpOnce(parts, request, []);
  const runs: Rehearsed[] = [];
  while (runs.length < warmRuns) runs.push(await dumpOnce(parts, request, [sample.dir]));
  const packMs = Math.max(0, middle(runs.map((run) => run.packMs)) - empty.packMs);
  const checkMs = Math.max(0, middle(runs.map((run) => run.checkMs)) - empty.checkMs);
  const coldMs = Math.max(0, cold.packMs + cold.checkMs - packMs - checkMs);
  return { packMs, checkMs, archiveBytes: cold.archiveBytes, coldMs };
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** A dump of a small block, or of none, into memory and back. */
async function dumpOnce(
  { clock, parentDir, signal, thread }: RehearsalParts,
  { filter, fromMs: mint, isRedacted, thinning, toMs: maxt }: ProbeRequest,
  blockDirs: string[],
): Promise<Rehearsed> {
  const stream = new ArchiveStream(thread, 'rehearsal', signal);
  const pieces: Uint8Array[] = [];
  const open: Omit<OpenRequest, 'id'> = {
    ...{ dateMs: clock.nowMs(), maxBytes: Number.MAX_SAFE_INTEGER, thinning },
    // No secret: nothing is kept.
    aliasSecret: isRedacted ? new Uint8Array(32) : null,
  };
  try {
    await stream.call('dump.open', open);
    stream.start(async (bytes) => {
      for await (const piece of bytes) pieces.push(piece);
    });
    const startedMs = clock.monotonicMs();
    if (isRedacted) await stream.call('dump.learnHosts', { hosts: [], dirs: blockDirs });
    const group = { blockDirs, mint, maxt, filter, outDir: parentDir, isOwned: false };
    await stream.call('dump.addGroup', group);
    await stream.call('dump.finish', { texts: [], manifest: {} });
    await stream.taken();
    const packedMs = clock.monotonicMs();
    await stream.check(given(pieces), () => undefined);
    const checkedMs = clock.monotonicMs();
    const archiveBytes = pieces.reduce((sum, { length }) => sum + length, 0);
    return { packMs: packedMs - startedMs, checkMs: checkedMs - packedMs, archiveBytes };
  } catch (error) {
    throw await stream.abandon(error);
  } finally {
    await thread.call('dump.discard', { id: 'rehearsal' }).catch(() => undefined);
  }
}

async function* given(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
}
