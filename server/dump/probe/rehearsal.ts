import { rm } from 'node:fs/promises';
import type { Clock } from '../../../lib/runtime/index.ts';
import { ArchiveStream } from '../archive/index.ts';
import type { DumpThread } from '../ports.ts';
import type { OpenRequest } from '../packing/index.ts';
import type { ProbeRequest, SampleBlock, SampleBlockRequest, SampleBlocks } from './protocol.ts';
import type { RehearsalPlan } from './rehearsal-plan.ts';

/** Runs of one sample: more than the least as long as there is time, which a busy machine has not. */
const runsOfSample = { least: 5, most: 6, untilMs: 500 };

/** Runs that do not count: the engine goes on to make code faster until it has run a while. */
const warmUpRuns = 2;

/** Runs of what is taken off: the part of a sample, which is small. */
const baseRuns = 4;

/** Time on the clock, and time that CPUs have worked for it. */
interface Took {
  wallMs: number;
  workMs: number;
}

/** What making a part of a dump takes, in CPU time by the phases that it has. */
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
  /** What the first runs took longer than the next: code that has not run before is slower. */
  coldMs: number;
  /** The warm runs together: how far the clock goes while this work is done. */
  took: Took;
}

/** One small dump. */
interface Run {
  pack: Took;
  check: Took;
  archiveBytes: number;
}

/**
 * Makes small dumps of some series of a block, with the very code that makes large ones, and tells what
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
    const none: Took = { wallMs: 0, workMs: 0 };
    const whole = { packMs: 0, checkMs: 0, archiveBytes: 0, coldMs: 0, took: none };
    for (const sample of [selected, others]) {
      if (sample === null) continue;
      const found = await severalDumps(parts, { ...request, ...range }, sample);
      const times = sample.ofSeries / (sample.series - (sample.part?.series ?? 0));
      whole.packMs += found.packMs * times;
      whole.checkMs += found.checkMs * times;
      whole.archiveBytes += (found.archiveBytes * sample.ofSeries) / sample.series;
      whole.coldMs += found.coldMs;
      whole.took = sumOf([whole.took, found.took]);
    }
    return whole;
  } finally {
    await rm(parentDir, { recursive: true, force: true });
  }
}

/**
 * What the middle one of several dumps takes beyond one of a part of its series, or of nothing, the first
 * ones aside: a block takes some time however small it is, which is not to be multiplied.
 */
async function severalDumps(
  parts: RehearsalParts,
  request: ProbeRequest,
  sample: SampleBlock,
): Promise<RehearsedKind> {
  const { least, most, untilMs } = runsOfSample;
  const startedMs = parts.clock.monotonicMs();
  const hasTime = () => parts.clock.monotonicMs() - startedMs < untilMs;
  const runs: Run[] = [];
  while (runs.length < least || (runs.length < most && hasTime())) {
    runs.push(await dumpOnce(parts, request, [sample.dir]));
  }
  const { part } = sample;
  const bases: Run[] = [];
  while (bases.length < (part === null ? 1 : baseRuns)) {
    bases.push(await dumpOnce(parts, request, part === null ? [] : [part.dir]));
  }
  const base = middleOf(bases);
  const beyond = runs.map((run) => ({
    pack: lessOf(run.pack, base.pack),
    check: lessOf(run.check, base.check),
  }));
  const { check, pack } = middleOf(beyond.slice(warmUpRuns));
  const warmMs = pack.workMs + check.workMs;
  const whole = beyond.map((run) => sumOf([run.pack, run.check]));
  const coldMs = whole
    .slice(0, warmUpRuns)
    .reduce((sum, { workMs }) => sum + Math.max(0, workMs - warmMs), 0);
  const took = sumOf(whole.slice(warmUpRuns));
  const { archiveBytes = 0 } = runs[0] ?? {};
  return { packMs: pack.workMs, checkMs: check.workMs, archiveBytes, coldMs, took };
}

/** The middle one of several for each phase. */
function middleOf(runs: readonly Pick<Run, 'pack' | 'check'>[]): Pick<Run, 'pack' | 'check'> {
  return {
    pack: middle(runs.map(({ pack }) => pack)),
    check: middle(runs.map(({ check }) => check)),
  };
}

/** The middle one, of two the smaller: what disturbs adds to the time. */
function middle(of: readonly Took[]): Took {
  const sorted = [...of].sort((a, b) => a.workMs - b.workMs);
  return sorted[(sorted.length - 1) >> 1] ?? { wallMs: 0, workMs: 0 };
}

function sumOf(parts: readonly Took[]): Took {
  return parts.reduce(
    (sum, { wallMs, workMs }) => ({ wallMs: sum.wallMs + wallMs, workMs: sum.workMs + workMs }),
    { wallMs: 0, workMs: 0 },
  );
}

function lessOf(a: Took, b: Took): Took {
  return {
    wallMs: Math.max(0, a.wallMs - b.wallMs),
    workMs: Math.max(0, a.workMs - b.workMs),
  };
}

/** A dump of a small block, or of none, into memory and back. */
async function dumpOnce(
  { clock, parentDir, signal, thread }: RehearsalParts,
  { filter, fromMs: mint, isRedacted, thinning, toMs: maxt }: ProbeRequest,
  blockDirs: string[],
): Promise<Run> {
  const stream = new ArchiveStream(thread, 'rehearsal', signal);
  const pieces: Uint8Array[] = [];
  const open: Omit<OpenRequest, 'id'> = {
    ...{ dateMs: clock.nowMs(), maxBytes: Number.MAX_SAFE_INTEGER, thinning, isTry: true },
    // No secret: nothing is kept.
    aliasSecret: isRedacted ? new Uint8Array(32) : null,
  };
  const timed = async (work: () => Promise<void>): Promise<Took> => {
    const workedMs = (await stream.call('dump.workTime', {})) as number;
    const startedMs = clock.monotonicMs();
    await work();
    const wallMs = clock.monotonicMs() - startedMs;
    return { wallMs, workMs: ((await stream.call('dump.workTime', {})) as number) - workedMs };
  };
  try {
    await stream.call('dump.open', open);
    stream.start(async (bytes) => {
      for await (const piece of bytes) pieces.push(piece);
    });
    const pack = await timed(async () => {
      if (isRedacted) await stream.call('dump.learnHosts', { hosts: [], dirs: blockDirs });
      const group = { blockDirs, mint, maxt, filter, outDir: parentDir, isOwned: false };
      await stream.call('dump.addGroup', group);
      await stream.call('dump.finish', { texts: [], manifest: {} });
      await stream.taken();
    });
    const check = await timed(() => stream.check(given(pieces), () => undefined));
    const archiveBytes = pieces.reduce((sum, { length }) => sum + length, 0);
    return { pack, check, archiveBytes };
  } catch (error) {
    throw await stream.abandon(error);
  } finally {
    await thread.call('dump.discard', { id: 'rehearsal' }).catch(() => undefined);
  }
}

async function* given(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
}
