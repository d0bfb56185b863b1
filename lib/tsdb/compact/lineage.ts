/** A block and the level-1 blocks that its samples come from; none means the block itself. */
interface BlockWithSources {
  readonly ulid: string;
  readonly sources: readonly string[];
}

/** The level-1 blocks that hold what the block holds. */
export function lineageOf({ sources, ulid }: BlockWithSources): readonly string[] {
  return sources.length === 0 ? [ulid] : sources;
}

/** Whether all that the block holds is also in blocks of which `has` knows the names. */
export function isContained(block: BlockWithSources, has: (ulid: string) => boolean): boolean {
  return has(block.ulid) || lineageOf(block).every(has);
}

/**
 * The blocks that are needed so that nothing is read twice: a block is left out when another one was
 * made of all its level-1 blocks. Of two that were made of the same, the earlier in the list stays.
 * Only for blocks that were merged whole; a trimmed or filtered one keeps its sources, too.
 */
export function withoutContained<T extends BlockWithSources>(blocks: readonly T[]): T[] {
  const byLineage = blocks
    .map((block, at) => ({ block, at, lineage: new Set(lineageOf(block)) }))
    .sort((a, b) => b.lineage.size - a.lineage.size || a.at - b.at);
  // Of each level-1 block the larger blocks that hold it: few, so that many blocks cost little.
  const holders = new Map<string, Set<string>[]>();
  const kept: { block: T; at: number }[] = [];
  for (const { block, at, lineage } of byLineage) {
    const [first] = lineage;
    const held = first === undefined ? [] : (holders.get(first) ?? []);
    if (held.some((larger) => [...lineage].every((source) => larger.has(source)))) continue;
    kept.push({ block, at });
    for (const source of lineage) {
      const list = holders.get(source);
      if (list === undefined) holders.set(source, [lineage]);
      else list.push(lineage);
    }
  }
  return kept.sort((a, b) => a.at - b.at).map(({ block }) => block);
}
