/**
 * Whether blocks hold all samples of a snapshot that came from the same head. Blocks and snapshots
 * begin with their first sample and end behind their last: between two blocks lies the time of one
 * scrape. A gap of up to `maxGapMs` is therefore none, but the first and the last sample of the
 * snapshot must lie within blocks.
 */
export function isCovered(
  snapshot: { mint: number; maxt: number },
  blocks: readonly { mint: number; maxt: number }[],
  maxGapMs: number,
): boolean {
  const { mint, maxt } = snapshot;
  const holding = blocks
    .filter((block) => block.mint < maxt && block.maxt > mint)
    .sort((a, b) => a.mint - b.mint);
  const [first] = holding;
  if (first === undefined || first.mint > mint) return false;
  let untilMs = first.maxt;
  for (const block of holding) {
    if (block.mint - untilMs > maxGapMs) return false;
    untilMs = Math.max(untilMs, block.maxt);
  }
  return untilMs >= maxt;
}
