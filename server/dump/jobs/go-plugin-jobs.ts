import { say } from '../../../api/index.ts';
import type { Logger } from '../../../lib/runtime/index.ts';
import type { ObjectStore } from '../../../lib/objectstore/index.ts';
import { archiveKey, isJobId } from '../../share/index.ts';
import { wholeContent } from '../selection/index.ts';
import { archiveFileName } from '../archive/index.ts';
import { jobIdsUnder } from './job-keys.ts';
import { newRecord, toldWarnings, type JobRecord } from './job-record.ts';
import { JobStore } from './job-store.ts';
import type { KvStore } from '../ports.ts';

/** Key under which the Go plugin keeps all its jobs, a JSON object by id. */
const finishedJobsKey = 'mattermost-plugin-metrics_finished_jobs';

/** Prefix of the records of its scheduler, which would be begun again by nobody. */
const scheduledPrefix = 'once_';

/** What {@link importGoPluginJobs} stands on. */
export interface GoPluginJobsOptions {
  kv: KvStore;
  store: ObjectStore;
  logger: Logger;
  node: string;
  /** Their age is counted from here: an upgrade deletes nothing for its age at once. */
  nowMs: number;
  /** Part of the archives' names. */
  serverName: () => Promise<string>;
}

/**
 * Takes over what the Go plugin noted about its dumps: finished ones whose archive is still in the
 * file store become jobs of ours, and what its scheduler left is removed. Its locks need no care:
 * they expire after 15 seconds. Does nothing when there is nothing; may be called again.
 */
export async function importGoPluginJobs(options: GoPluginJobsOptions): Promise<void> {
  const { kv, logger } = options;
  const bytes = await kv.kvGet(finishedJobsKey);
  if (bytes !== undefined) {
    const found = finishedJobs(bytes);
    let taken = 0;
    for (const job of found) if (await takeOver(job, options)) taken++;
    // Only now: a failure before leaves the list for the next start.
    await kv.kvDelete(finishedJobsKey);
    logger.info('Took over the dumps of the Go plugin', { found: found.length, taken });
  }
  const removed = await removeScheduled(kv);
  if (removed > 0) logger.info('Removed unfinished dumps of the Go plugin', { removed });
}

interface FinishedJob {
  id: string;
  createdAtMs: number;
  /** Times of the blocks that were packed. */
  fromMs: number;
  toMs: number;
}

/** The jobs that ended well; what cannot be read holds none. */
function finishedJobs(bytes: Uint8Array): FinishedJob[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([id, job]) => finishedJob(id, job as unknown) ?? []);
}

function finishedJob(id: string, value: unknown): FinishedJob | undefined {
  if (!isJobId(id) || typeof value !== 'object' || value === null) return undefined;
  const job = value as Record<string, unknown>;
  const { create_at: createdAtMs, max_t: toMs, min_t: fromMs } = job;
  if (job['status'] !== 'success' || job['dump_location'] !== archiveKey(id)) return undefined;
  if (!isTime(createdAtMs) || !isTime(fromMs) || !isTime(toMs) || fromMs >= toMs) return undefined;
  return { id, createdAtMs, fromMs, toMs };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** False when the archive is gone or another node was faster. */
async function takeOver(job: FinishedJob, options: GoPluginJobsOptions): Promise<boolean> {
  const { kv, node, nowMs, serverName, store } = options;
  const head = await store.head(archiveKey(job.id));
  if (head === undefined) return false;
  const range = { fromMs: job.fromMs, toMs: job.toMs };
  const record: JobRecord = newRecord(job.id, {
    range,
    content: wholeContent,
    userId: '',
    node,
    // Finished: nobody works on it any more.
    owner: '',
    nowMs: job.createdAtMs,
  });
  Object.assign(record.dump, {
    state: 'ready',
    startedAtMs: job.createdAtMs,
    finishedAtMs: nowMs,
    actual: { fromMs: job.fromMs, toMs: job.toMs - 1 },
    progress: { percent: 100, phase: 'done' },
    sizeBytes: head.sizeBytes,
    fileName: archiveFileName(await serverName(), job.fromMs, job.toMs),
    ...toldWarnings([say('note.go-plugin')]),
  });
  return (await new JobStore(kv).save(record)).kind === 'saved';
}

async function removeScheduled(kv: KvStore): Promise<number> {
  const ids = await jobIdsUnder(kv, scheduledPrefix);
  for (const id of ids) await kv.kvDelete(scheduledPrefix + id);
  return ids.size;
}
