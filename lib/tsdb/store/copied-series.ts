import { pageBits, pageMask, type HeadCopy } from '../head/index.ts';

/** Chunks by series slot: those of slot `s` are `order[starts[s] .. starts[s + 1]]`, by time. */
export function groupBySeries(copy: HeadCopy): { starts: Uint32Array; order: Uint32Array } {
  const { count, series, mint } = copy;
  const slots = copy.pairsAt.length;
  const starts = new Uint32Array(slots + 1);
  for (let at = 0; at < count; at++) starts[series[at]! + 1]!++;
  for (let slot = 0; slot < slots; slot++) starts[slot + 1]! += starts[slot]!;
  const next = starts.slice();
  const order = new Uint32Array(count);
  for (let at = 0; at < count; at++) order[next[series[at]!]!++] = at;
  for (let slot = 0; slot < slots; slot++) {
    const from = starts[slot]!;
    const to = starts[slot + 1]!;
    if (to - from > 1) order.subarray(from, to).sort((a, b) => mint[a]! - mint[b]!);
  }
  return { starts, order };
}

/** Data of the chunk `at` of a copy. */
export function chunkOf(copy: HeadCopy, at: number): Uint8Array {
  const address = copy.address[at]!;
  const start = address & pageMask;
  return copy.pages[address >>> pageBits]!.subarray(start, start + copy.length[at]!);
}

/** Texts of the symbols of a copy, by number. */
export function decodeSymbols({ symbolBytes, symbolEnds }: HeadCopy): string[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const symbols: string[] = [];
  let start = 0;
  for (const end of symbolEnds) {
    symbols.push(decoder.decode(symbolBytes.subarray(start, end)));
    start = end;
  }
  return symbols;
}

/** Labels of the series in a slot. */
export function labelsOf(copy: HeadCopy, symbols: readonly string[], slot: number): string[] {
  const labels: string[] = [];
  const start = copy.pairsAt[slot]!;
  const end = start + copy.pairsLength[slot]!;
  for (let at = start; at < end; at++) labels.push(symbols[copy.pairs[at]!]!);
  return labels;
}
