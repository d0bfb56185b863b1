import { joinKey } from '../../lib/objectstore/index.ts';
import { parseUlid } from '../../lib/tsdb/index.ts';

/** All that the plugin keeps in the file store lies below this key; the Go plugin used the same. */
const pluginPrefix = 'plugin-data/mattermost-plugin-metrics';

/** Blocks lie below it, one "directory" per ULID. */
export const blocksPrefix = `${pluginPrefix}/data/`;

/** Finished dumps lie below it, one "directory" per job id. */
export const dumpsPrefix = `${pluginPrefix}/dump/`;

/** Written and deleted once per run, to see that the file store takes what it is given. */
export const probeKey = `${pluginPrefix}/probe`;

const jobIdShape = /^[a-z0-9]{26}$/;

/** Whether `text` is the id of a job: 26 characters a-z and 0-9. */
export function isJobId(text: string): boolean {
  return jobIdShape.test(text);
}

/** Prefix of all files of one block; the one place that builds it. */
export function blockPrefix(ulid: string): string {
  return `${blocksPrefix}${parseUlid(ulid)}/`;
}

/** Key of one file of a block, `path` as in the block's directory. */
export function blockKey(ulid: string, path: string): string {
  return joinKey(`${blocksPrefix}${parseUlid(ulid)}`, path);
}

/** Key of a dump's archive. */
export function archiveKey(jobId: string): string {
  if (!isJobId(jobId)) throw new Error('not the id of a job');
  return joinKey(`${dumpsPrefix}${jobId}`, 'tsdb_dump.tar.gz');
}
