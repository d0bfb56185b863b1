import { isUlid } from '../../lib/tsdb/index.ts';
import { ShareError } from './errors.ts';

/** What sharing and dumps need of a `meta.json`, checked. Times are `[mint, maxt)`. */
export interface BlockMeta {
  ulid: string;
  mint: number;
  maxt: number;
  numSamples: number;
  numSeries: number;
  /** Level-1 blocks that it was made of; empty when it does not say. */
  sources: readonly string[];
  /** External labels that an upload put there; empty for blocks of the Go plugin. */
  labels: Readonly<Record<string, string>>;
  /** Sizes that an upload noted, by path; empty when it noted none. */
  files: ReadonlyMap<string, number>;
}

/** Name of the server in the external labels; blocks of other servers are left alone. */
export const serverIdLabel = 'mattermost_server_id';

/** Name of the collecting node in the external labels. */
export const scraperLabel = 'scraper';

/** External labels of our blocks (docs/format/file-store.md). */
export interface BlockLabels {
  /** The server's diagnostic id. */
  serverId: string;
  /** Name of the cluster, or `single`. */
  cluster: string;
  /** Host name of the node that collected. */
  scraper: string;
}

/** Parses a `meta.json` of the file store, which others may have written. */
export function parseBlockMeta(bytes: Uint8Array, ulid: string): BlockMeta {
  const root = parseObject(bytes);
  const mint = root['minTime'];
  const maxt = root['maxTime'];
  const isOfBlock = root['version'] === 1 && root['ulid'] === ulid;
  if (!isOfBlock || !isTime(mint) || !isTime(maxt) || mint > maxt) {
    throw new ShareError('SYNC_BAD_META', `the meta.json of ${ulid} does not describe this block`);
  }
  const stats = objectOf(root['stats']);
  const thanos = objectOf(root['thanos']);
  return {
    ulid,
    mint,
    maxt,
    numSamples: countOf(stats['numSamples']),
    numSeries: countOf(stats['numSeries']),
    sources: ulidsOf(objectOf(root['compaction'])['sources']),
    labels: textsOf(thanos['labels']),
    files: fileSizes(thanos['files']),
  };
}

/** The `meta.json` to upload: the local one with the sections that tell others whose it is. */
export function sharedMeta(
  local: Uint8Array,
  upload: {
    labels: BlockLabels;
    files: readonly { path: string; sizeBytes: number }[];
    uploadMs: number;
    epoch: number;
    pluginVersion: string;
  },
): Uint8Array {
  const { labels, files, uploadMs, epoch, pluginVersion } = upload;
  const listed = files.map(({ path, sizeBytes }) => ({ rel_path: path, size_bytes: sizeBytes }));
  const meta = {
    ...parseObject(local),
    thanos: {
      version: 1,
      labels: {
        [serverIdLabel]: labels.serverId,
        mattermost_cluster: labels.cluster,
        [scraperLabel]: labels.scraper,
      },
      downsample: { resolution: 0 },
      source: 'sidecar',
      segment_files: files
        .filter(({ path }) => path.startsWith('chunks/'))
        .map(({ path }) => path.slice('chunks/'.length)),
      files: [...listed, { rel_path: 'meta.json' }].sort((a, b) =>
        a.rel_path < b.rel_path ? -1 : 1,
      ),
      index_stats: {},
      upload_time: new Date(uploadMs).toISOString(),
    },
    mattermost: {
      server_id: labels.serverId,
      cluster: labels.cluster,
      scraper: labels.scraper,
      epoch,
      plugin_version: pluginVersion,
    },
  };
  return new TextEncoder().encode(`${JSON.stringify(meta, undefined, '\t')}\n`);
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ShareError('SYNC_BAD_META', 'a meta.json is not JSON', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ShareError('SYNC_BAD_META', 'a meta.json is not an object');
  }
  return value as Readonly<Record<string, unknown>>;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : {};
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function ulidsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  const ulids = value.filter((item): item is string => typeof item === 'string' && isUlid(item));
  // Half a list would hide what is missing in it.
  return ulids.length === value.length ? ulids : [];
}

function textsOf(value: unknown): Record<string, string> {
  const texts = Object.entries(objectOf(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts);
}

function fileSizes(value: unknown): Map<string, number> {
  const sizes = new Map<string, number>();
  if (!Array.isArray(value)) return sizes;
  for (const item of value) {
    const { rel_path: path, size_bytes: sizeBytes } = objectOf(item);
    if (typeof path === 'string' && isTime(sizeBytes)) sizes.set(path, sizeBytes);
  }
  return sizes;
}
