import { compactUtc } from '../utc-text.ts';

/** `mattermost-metrics_<server>_<from>_<to>.tar.gz`, times in UTC: 20261120T101500Z. */
export function archiveFileName(serverName: string, fromMs: number, toMs: number): string {
  const server = serverName
    .replace(/[^A-Za-z0-9.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60);
  const name = server === '' ? 'server' : server;
  return `mattermost-metrics_${name}_${compactUtc(fromMs)}_${compactUtc(toMs)}.tar.gz`;
}
