import { Router, type Request, type Response } from 'express';
import type { DumpList } from '../../api/index.ts';
import { parseContent } from '../dump/index.ts';
import { sendArchive } from './archive-response.ts';
import { noteDone, noteDump } from './audit-trail.ts';
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
    noteDone(response, dump);
    response.status(201).location(`dumps/${dump.id}`).json(dump);
  });

  router.get('/estimate', async (request, response) => {
    const asked = askedInQuery(request.query);
    response.json(await dumps.estimate(rangeOf(asked, 'from', 'to'), parseContent(asked)));
  });

  router.get('/choices', async (request, response) => {
    response.json(await dumps.choices(rangeOf(askedInQuery(request.query), 'from', 'to')));
  });

  router.post('/preview', readJsonBody, async (request, response) => {
    const body = request.body as unknown;
    response.json(await dumps.preview(rangeOf(body, 'from', 'to'), parseContent(body)));
  });

  router.get('/:id', async (request, response) => {
    response.json(await dumps.get(dumpIdOf(request)));
  });

  router.delete('/:id', async (request, response) => {
    await dumps.delete(await auditedId(dumps, request, response), userIdOf(request));
    response.status(204).end();
  });

  router.post('/:id/cancel', async (request, response) => {
    const id = await auditedId(dumps, request, response);
    response.json(await dumps.cancel(id, userIdOf(request)));
  });

  router.get('/:id/aliases', async (request, response) => {
    const id = await auditedId(dumps, request, response);
    const aliases = await dumps.aliases(id);
    response.attachment(`aliases_${id}.json`).json(aliases);
  });

  router.get('/:id/archive', async (request, response) => {
    const id = await auditedId(dumps, request, response);
    await sendArchive(request, response, await dumps.archive(id));
  });

  return router;
}

/** The id in the address; the audit record of the request has the range of its dump. */
export async function auditedId(
  dumps: DumpDesk,
  request: Request,
  response: Response,
): Promise<string> {
  const dump = await dumps.get(dumpIdOf(request));
  noteDump(response, dump);
  return dump.id;
}
