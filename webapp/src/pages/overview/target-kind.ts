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
