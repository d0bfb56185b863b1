import type { ProbeRequest, ProbeSource } from './protocol.ts';

/**
 * The sources that can be looked at, those that tell most first: the head and blocks that the range cuts,
 * because of the others it is known how many samples they have.
 */
export function inOrder({ fromMs, sources, toMs }: ProbeRequest): ProbeSource[] {
  const here = sources.filter(({ dir }) => dir !== null);
  const isCut = ({ maxt, mint }: ProbeSource) => mint < fromMs || maxt > toMs;
  const first = here.filter((source) => source.kind === 'head-part' || isCut(source));
  const whole = here.filter((source) => !first.includes(source));
  return [...first, ...spread(whole)];
}

/** A list from everywhere in turn: the middle, then the middles of the halves, and so on. */
export function spread<T>(list: readonly T[]): T[] {
  const found: T[] = [];
  const parts: (readonly T[])[] = [list];
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const middle = part.length >> 1;
    const [item] = part.slice(middle, middle + 1);
    if (item === undefined) continue;
    found.push(item);
    parts.push(part.slice(0, middle), part.slice(middle + 1));
  }
  return found;
}
