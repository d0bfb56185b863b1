import { admin, makeDump } from './bed.ts';
import type { ClusterBed } from './cluster-bed.ts';
import type { ClusterNode } from './cluster-node.ts';
import { countedMetric, type CountedScrape } from './counting-exporter.ts';
import { promtoolDump, saveBody, unpackArchive } from './dump-archive.ts';

/** A dump made on a node, unpacked. */
export interface UnpackedDump {
  directory: string;
  /** When it was ordered. */
  orderedMs: number;
  /** Numbers of the scrapes that are in it, by the node that was scraped. */
  numbers: Map<string, Set<number>>;
  /** Nodes whose series ends with a staleness marker. */
  stale: Set<string>;
}

let made = 0;

/** Makes a dump on `node` from `fromMs` to now and reads it with promtool. */
export async function dumpOn(
  bed: ClusterBed,
  node: ClusterNode,
  fromMs: number,
): Promise<UnpackedDump> {
  const directory = `${bed.directory}/dump-${++made}`;
  const orderedMs = Date.now();
  const dump = await makeDump(node, fromMs, orderedMs);
  const response = await node.host.request(`/api/v1/dumps/${dump.id}/archive`, admin);
  await saveBody(response, `${directory}.tar.gz`);
  await unpackArchive(`${directory}.tar.gz`, directory);
  const samples = await promtoolDump(
    directory,
    `${directory}.txt`,
    `{__name__="${countedMetric}"}`,
  );
  const numbers = new Map<string, Set<number>>();
  const stale = new Set<string>();
  for (const { labels, value } of samples.sort((a, b) => a.timeMs - b.timeMs)) {
    const hostname = (labels.get('instance') ?? '').replace(/:\d+$/, '');
    const known = numbers.get(hostname) ?? new Set();
    numbers.set(hostname, known);
    if (Number.isNaN(value)) stale.add(hostname);
    else {
      stale.delete(hostname);
      known.add(value);
    }
  }
  return { directory, orderedMs, numbers, stale };
}

/** The scrapes of `node` in the half-open range that are not in the dump. */
export function missingIn(
  { numbers }: UnpackedDump,
  node: ClusterNode,
  fromMs: number,
  toMs: number,
): CountedScrape[] {
  const known = numbers.get(node.hostname) ?? new Set();
  return node.exporter.scrapes.filter(
    ({ number, atMs }) => atMs >= fromMs && atMs < toMs && !known.has(number),
  );
}
