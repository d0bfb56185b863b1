import type { Target } from '../../../../api/index.ts';

/** What a target is, for those who do not know the names of jobs. */
export type TargetKind = 'server' | 'host' | 'calls' | 'self';

/** Jobs that the plugin gives names to; all others are named by somebody who knows them. */
const kinds: Readonly<Record<string, TargetKind | undefined>> = {
  prometheus: 'server',
  node: 'host',
  calls: 'calls',
  'com.mattermost.mattermost-plugin-metrics': 'self',
};

export function targetKind(job: string): TargetKind | null {
  return Object.hasOwn(kinds, job) ? (kinds[job] ?? null) : null;
}

/** Kinds in the order of their weight; what others named comes last. */
const ranks: readonly (TargetKind | null)[] = ['server', 'host', 'calls', 'self', null];

/** The servers first, and those of one job by their names, as people count. */
export function inOrder(targets: readonly Target[]): Target[] {
  const rank = ({ job }: Target) => ranks.indexOf(targetKind(job));
  return [...targets].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      a.job.localeCompare(b.job, 'en') ||
      a.instance.localeCompare(b.instance, 'en', { numeric: true }),
  );
}
