import { Router } from 'express';
import type { DumpList } from '../../api/index.ts';
import { parseContent } from '../dump/index.ts';
import { sendArchive } from './archive-response.ts';
import { noteDone } from './audit-trail.ts';
import { userIdOf } from './authorize.ts';
import { askedInQuery, dumpIdOf, rangeOf, readJsonBody } from './dump-request.ts';
import type { DumpDesk } from './services.ts';

/** Routes below `/api/v1/dumps`. */
export function dumpRoutes(dumps: DumpDesk): Router {
  const router = Router();

  router.get('/', async (_request, response) => {
    const list: DumpList = { dumps: await dumps.list() };
    response.json(list);
  });

  router.post('/', readJsonBody, async (request, response) => {
    const body = request.body as unknown;
    const range = rangeOf(body, 'from', 'to');
    const dump = await dumps.create(range, userIdOf(request), parseContent(body));
    noteDone(response, dump.id);
    response.status(201).location(`dumps/${dump.id}`).json(dump);
  });

  router.get('/estimate', async (request, response) => {
    const asked = askedInQuery(request.query);
    response.json(await dumps.estimate(rangeOf(asked, 'from', 'to'), parseContent(asked)));
  });

  router.post('/preview', readJsonBody, async (request, response) => {
    const body = request.body as unknown;
    response.json(await dumps.preview(rangeOf(body, 'from', 'to'), parseContent(body)));
  });

  router.get('/:id', async (request, response) => {
    response.json(await dumps.get(dumpIdOf(request)));
  });

  router.delete('/:id', async (request, response) => {
    await dumps.delete(dumpIdOf(request), userIdOf(request));
    response.status(204).end();
  });

  router.post('/:id/cancel', async (request, response) => {
    response.json(await dumps.cancel(dumpIdOf(request), userIdOf(request)));
  });

  router.get('/:id/aliases', async (request, response) => {
    const id = dumpIdOf(request);
    const aliases = await dumps.aliases(id);
    response.attachment(`aliases_${id}.json`).json(aliases);
  });

  router.get('/:id/archive', async (request, response) => {
    await sendArchive(request, response, await dumps.archive(dumpIdOf(request)));
  });

  return router;
}
