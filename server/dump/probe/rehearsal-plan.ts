import { share, type TimeRange } from '../selection/index.ts';
import type { ProbeRequest, ProbeSource } from './protocol.ts';

/** Sources that are less than this part of all are not looked at for themselves. */
const smallPart = 0.05;

/** A source of which some series are to be worked off for a try, and what they stand for. */
export interface RehearsalPlan {
  /** Its files are on this node. */
  source: ProbeSource;
  range: TimeRange;
  /** How many times what the source has in the range there is of its kind in all. */
  times: number;
}

/**
 * What has to be tried to tell how long a dump takes: a block that the range holds, and one that it cuts, as
 * far as it has such blocks. The largest of a kind stands for all of it; where none is on this node, one of
 * the other kind does. Empty when no block is.
 */
export function planRehearsals(request: ProbeRequest): RehearsalPlan[] {
  const { fromMs, sources, toMs } = request;
  const range = { fromMs, toMs };
  const counted = sources.filter(({ kind }) => kind !== 'head-part');
  const whole = counted.filter((source) => source.kind === 'head' || isInside(source, range));
  const cut = counted.filter((source) => !whole.includes(source));
  const kinds = withoutSmall(
    [
      { isCut: false, samples: samplesOf(whole, range), own: whole },
      { isCut: true, samples: samplesOf(cut, range), own: cut },
    ].filter(({ samples }) => samples > 0),
  );
  return kinds.flatMap(({ isCut, own, samples }) => {
    const source = largestHere(own, range) ?? largestHere(sources);
    if (source === undefined) return [];
    const tried = own.includes(source) ? range : likeRange(source, isCut);
    const inSource = samplesOf([source], tried);
    return inSource === 0 ? [] : [{ source, range: tried, times: samples / inSource }];
  });
}

function isInside(source: ProbeSource, { fromMs, toMs }: TimeRange): boolean {
  return source.mint >= fromMs && source.maxt <= toMs;
}

function samplesOf(sources: readonly ProbeSource[], range: TimeRange): number {
  return sources.reduce((sum, source) => sum + source.numSamples * share(source, range), 0);
}

/** Small kinds count as if they were of the largest one. */
function withoutSmall<Kind extends { samples: number }>(kinds: readonly Kind[]): Kind[] {
  const all = kinds.reduce((sum, { samples }) => sum + samples, 0);
  const large = kinds.filter(({ samples }) => samples >= smallPart * all);
  const known = large.reduce((sum, { samples }) => sum + samples, 0);
  return large.map((kind) => ({ ...kind, samples: (kind.samples * all) / known }));
}

/** The one with most samples, in the range if there is one, of those that are on this node. */
function largestHere(sources: readonly ProbeSource[], range?: TimeRange): ProbeSource | undefined {
  let largest: { source: ProbeSource; samples: number } | undefined;
  for (const source of sources) {
    if (source.dir === null) continue;
    const samples = samplesOf([source], range ?? { fromMs: source.mint, toMs: source.maxt });
    if (largest === undefined || samples > largest.samples) largest = { source, samples };
  }
  return largest?.source;
}

/** All of a block, or its younger half where it has to be cut. */
function likeRange({ maxt, mint }: ProbeSource, isCut: boolean): TimeRange {
  return { fromMs: isCut ? Math.floor((mint + maxt) / 2) : mint, toMs: maxt };
}
