import { say } from '../../api/index.ts';
import { targetProblems } from '../../server/collect/target-problems.ts';
import type { FakeApi } from './fake-api.ts';
import { recentScrapes } from './fixture-status.ts';

const NEVER = Array.from({ length: 60 }, (_, i) => i);

/** A cluster where nothing but the servers can be reached, as behind a firewall: so many node exporters are down. */
export function closeExporters({ status, targets }: FakeApi, count: number): void {
  const [server, exporter] = targets;
  if (server === undefined || exporter === undefined) throw new Error('no targets');
  const error = { code: 'SCRAPE_REFUSED', sentence: say('scrape.refused') };
  const failed = Array.from({ length: count }, (_, i) => {
    const host = `app${String(i + 1)}.example.com`;
    const place = { host, port: 9100, path: '/metrics', instance: `${host}:9100` };
    return { target: { ...place, job: 'node', isOptional: true }, error };
  });
  status.state = 'degraded';
  status.targets = { up: 1, total: 1 + count };
  status.problems = targetProblems(failed);
  targets.length = 0;
  targets.push(server);
  for (const { target } of failed) {
    targets.push({
      ...exporter,
      ...{ instance: target.instance, url: `http://${target.instance}/metrics`, state: 'down' },
      ...{ lastDurationMs: 2, lastSamples: null },
      recent: recentScrapes(status.nowMs - 4_000, 2, NEVER),
      lastError: {
        code: error.code,
        message: 'Nothing listens.',
        sentence: error.sentence,
        detail: '',
      },
    });
  }
}
