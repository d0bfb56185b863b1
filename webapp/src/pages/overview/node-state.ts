import type { ClusterNode, Status } from '../../../../api/index.ts';

/** Nodes announce themselves every 30 s, and read each other as often. */
const SILENT_MS = 120_000;

/** What a node does, as far as that is known. */
export type NodeState = ClusterNode['mode'] | 'former' | 'silent';

/**
 * A node's own word is up to a minute old, and that of one that crashed stays for five; who collects is known
 * of the lease, and is one node at a time.
 */
export function nodeState(
  { host, isSelf, mode, seenMs }: ClusterNode,
  { collector, nowMs }: Pick<Status, 'collector' | 'nowMs'>,
): NodeState {
  if (!isSelf && nowMs - seenMs >= SILENT_MS) return 'silent';
  if (host === collector.node) return mode === 'both' ? 'both' : 'scraper';
  return mode === 'listener' ? 'listener' : 'former';
}
