/** `mattermost-metrics_<server>_<from>_<to>.tar.gz`, times in UTC: 20261120T101500Z. */
export function archiveFileName(serverName: string, fromMs: number, toMs: number): string {
  const server = serverName
    .replace(/[^A-Za-z0-9.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60);
  const name = server === '' ? 'server' : server;
  return `mattermost-metrics_${name}_${compactUtc(fromMs)}_${compactUtc(toMs)}.tar.gz`;
}

/** `20261120T101500Z`. */
export function compactUtc(timeMs: number): string {
  return utcText(timeMs).replace(/[-:]/g, '').replace(' ', 'T').replace(' UTC', 'Z');
}

/** `2026-11-20 10:15:00 UTC`, for sentences. */
export function utcText(timeMs: number): string {
  const iso = new Date(timeMs).toISOString();
  return `${iso.slice(0, -5).replace('T', ' ')} UTC`;
}
