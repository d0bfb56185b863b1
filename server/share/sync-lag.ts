/**
 * Time of the oldest sample that is on this node's disk alone: in a block that is not in the file
 * store, or in the head, as far as no head snapshot has it. Undefined when there is none.
 */
export function oldestUnsafeMs(
  pending: readonly { mint: number; maxt: number }[],
  head: { headMinMs?: number | undefined; headMaxMs?: number | undefined },
  savedUntilMs = -Infinity,
): number | undefined {
  const spans = pending.map(({ mint, maxt }) => ({ mint, maxt }));
  const { headMinMs, headMaxMs } = head;
  if (headMinMs !== undefined && headMaxMs !== undefined) {
    spans.push({ mint: headMinMs, maxt: headMaxMs + 1 });
  }
  const starts = spans
    .filter(({ maxt }) => maxt > savedUntilMs)
    .map(({ mint }) => Math.max(mint, savedUntilMs));
  return starts.length === 0 ? undefined : Math.min(...starts);
}

/** Bytes of all of them. */
export function bytesOf(blocks: readonly { sizeBytes: number }[]): number {
  return blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
