import { Router, type Request, type Response } from 'express';
import type { DumpList } from '../../api/index.ts';
import { parseContent } from '../dump/index.ts';
import { sendArchive } from './archive-response.ts';
import { noteDone, noteDump } from './audit-trail.ts';
import { userIdOf } from './authorize.ts';
import { askedInQuery, dumpIdOf, rangeOf, readJsonBody } from './dump-request.ts';
import type { DumpDesk } from './services.ts';

/** With their whole paths: what does something is then found as the audit trail and the limits find it. */
export function dumpRoutes(dumps: DumpDesk): Router {
  const router = Router();

  router.get('/api/v1/dumps', async (_request, response) => {
    const list: DumpList = { dumps: await dumps.list() };
    response.json(list);
  });

  router.post('/api/v1/dumps', readJsonBody, async (request, response) => {
    const body = request.body as unknown;
    const range = rangeOf(body, 'from', 'to');
    const dump = await dumps.create(range, userIdOf(request), parseContent(body));
    noteDone(response, dump);
    response.status(201).location(`dumps/${dump.id}`).json(dump);
  });

  router.get('/api/v1/dumps/estimate', async (request, response) => {
    const asked = askedInQuery(request.query);
    response.json(await dumps.estimate(rangeOf(asked, 'from', 'to'), parseContent(asked)));
  });

  router.get('/api/v1/dumps/choices', async (request, response) => {
    response.json(await dumps.choices(rangeOf(askedInQuery(request.query), 'from', 'to')));
  });

  router.post('/api/v1/dumps/preview', readJsonBody, async (request, response) => {
    const body = request.body as unknown;
    response.json(await dumps.preview(rangeOf(body, 'from', 'to'), parseContent(body)));
  });

  router.get('/api/v1/dumps/:id', async (request, response) => {
    response.json(await dumps.get(dumpIdOf(request)));
  });

  router.delete('/api/v1/dumps/:id', async (request, response) => {
    await dumps.delete(await auditedId(dumps, request, response), userIdOf(request));
    response.status(204).end();
  });

  router.post('/api/v1/dumps/:id/cancel', async (request, response) => {
    const id = await auditedId(dumps, request, response);
    response.json(await dumps.cancel(id, userIdOf(request)));
  });

  router.get('/api/v1/dumps/:id/aliases', async (request, response) => {
    const id = await auditedId(dumps, request, response);
    const aliases = await dumps.aliases(id);
    response.attachment(`aliases_${id}.json`).json(aliases);
  });

  router.get('/api/v1/dumps/:id/archive', async (request, response) => {
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
