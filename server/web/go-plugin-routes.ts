import { Router } from 'express';
import type { Dump } from '../../api/index.ts';
import { wholeContent } from '../dump/index.ts';
import { sendArchive } from './archive-response.ts';
import { noteDone, noteDump } from './audit-trail.ts';
import { userIdOf } from './authorize.ts';
import { rangeOf, readJsonBody } from './dump-request.ts';
import { auditedId } from './dump-routes.ts';
import type { WebServices } from './services.ts';

/** A job as the Go plugin tells it. */
interface GoJob {
  id: string;
  status: 'pending' | 'in_progress' | 'success' | 'error';
  create_at: number;
  min_t: number;
  max_t: number;
  /** Name of the archive; the Go plugin told its place in the file store. */
  dump_location: string;
}

const statuses: Readonly<Record<Dump['state'], GoJob['status']>> = {
  queued: 'pending',
  running: 'in_progress',
  ready: 'success',
  failed: 'error',
  cancelled: 'error',
};

/**
 * The routes of the Go plugin 0.7.0, for scripts that were written for it: same paths, requests and
 * answers, over the dumps of this plugin.
 */
export function goPluginRoutes(services: Pick<WebServices, 'dumps' | 'status'>): Router {
  const { dumps } = services;
  const router = Router();

  router.get('/tsdb/stats', async (_request, response) => {
    const { newestSampleMs, oldestSampleMs, store } = await services.status();
    const isEmpty = newestSampleMs === null || oldestSampleMs === null;
    const samples = isEmpty
      ? 0
      : await dumps.samplesIn({ fromMs: oldestSampleMs, toMs: newestSampleMs + 1 });
    response.json({
      min_t: oldestSampleMs ?? 0,
      max_t: newestSampleMs ?? 0,
      num_samples: samples,
      num_series: store.headSeries,
    });
  });

  router.get('/jobs', async (_request, response) => {
    response.json((await dumps.list()).map(goJobOf));
  });

  router.post('/jobs/create', readJsonBody, async (request, response) => {
    const dump = await dumps.create(
      rangeOf(request.body as unknown, 'min_t', 'max_t'),
      userIdOf(request),
      wholeContent,
    );
    noteDone(response, dump);
    response.json(goJobOf(dump));
  });

  router.delete('/jobs/delete/:id', async (request, response) => {
    await dumps.delete(await auditedId(dumps, request, response), userIdOf(request));
    response.status(200).end();
  });

  router.delete('/jobs/deleteAll', async (request, response) => {
    for (const dump of await dumps.list()) {
      noteDump(response, dump);
      await dumps.delete(dump.id, userIdOf(request));
      noteDone(response, dump);
    }
    response.status(200).end();
  });

  router.get('/jobs/download/:id', async (request, response) => {
    const id = await auditedId(dumps, request, response);
    await sendArchive(request, response, await dumps.archive(id));
  });

  return router;
}

function goJobOf({ actual, createdAtMs, fileName, id, requested, state }: Dump): GoJob {
  const range = actual ?? requested;
  return {
    id,
    status: statuses[state],
    create_at: createdAtMs,
    min_t: range.fromMs,
    max_t: range.toMs,
    dump_location: fileName,
  };
}
