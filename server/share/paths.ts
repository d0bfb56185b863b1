import { createHash } from 'node:crypto';
import { joinKey } from '../../lib/objectstore/index.ts';
import { parseUlid } from '../../lib/tsdb/index.ts';

/** All that the plugin keeps in the file store lies below this key; the Go plugin used the same. */
const pluginPrefix = 'plugin-data/mattermost-plugin-metrics';

/** Blocks lie below it, one "directory" per ULID. */
export const blocksPrefix = `${pluginPrefix}/data/`;

/** Snapshots of heads lie below it, in the same way: not yet blocks, so no reader of blocks sees them. */
export const headPrefix = `${pluginPrefix}/head/`;

/** Where files of blocks lie: finished ones, or snapshots of heads. */
export type BlockArea = 'data' | 'head';

/** Finished dumps lie below it, one "directory" per job id. */
export const dumpsPrefix = `${pluginPrefix}/dump/`;

/**
 * Written and deleted once per run, to see that the file store takes what it is given; of its own for
 * each node, because they may do so at the same moment.
 */
export function probeKey(node: string): string {
  const name = createHash('sha256').update(node).digest('hex').slice(0, 16);
  return `${pluginPrefix}/probe-${name}`;
}

const jobIdShape = /^[a-z0-9]{26}$/;

/** Whether `text` is the id of a job: 26 characters a-z and 0-9. */
export function isJobId(text: string): boolean {
  return jobIdShape.test(text);
}

/** Prefix of all blocks of an area. */
export function areaPrefix(area: BlockArea): string {
  return area === 'data' ? blocksPrefix : headPrefix;
}

/** Prefix of all files of one block; the one place that builds it. */
export function blockPrefix(ulid: string, area: BlockArea = 'data'): string {
  return `${areaPrefix(area)}${parseUlid(ulid)}/`;
}

/** Key of one file of a block, `path` as in the block's directory. */
export function blockKey(ulid: string, path: string, area: BlockArea = 'data'): string {
  return joinKey(`${areaPrefix(area)}${parseUlid(ulid)}`, path);
}

/** Key of what stood in a redacted dump where its aliases stand: beside the archive, not in it. */
export function aliasesKey(jobId: string): string {
  if (!isJobId(jobId)) throw new Error('not the id of a job');
  return joinKey(`${dumpsPrefix}${jobId}`, 'aliases.json');
}

/** The key that aliases are made with: where everything lies that they stand for. */
export const aliasSecretKey = `${pluginPrefix}/dump-aliases.key`;

/** Key of a dump's archive. */
export function archiveKey(jobId: string): string {
  if (!isJobId(jobId)) throw new Error('not the id of a job');
  return joinKey(`${dumpsPrefix}${jobId}`, 'tsdb_dump.tar.gz');
}
