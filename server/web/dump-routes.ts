import { Router, json, type Request } from 'express';
import type { DumpList } from '../../api/index.ts';
import { parseFilter, parseRedaction } from '../dump/index.ts';
import { sendArchive } from './archive-response.ts';
import { noteDone } from './audit-trail.ts';
import { userIdOf } from './authorize.ts';
import { HttpError } from './errors.ts';
import { bodyLimitBytes } from './limits.ts';
import type { DumpDesk } from './services.ts';

/** Routes below `/api/v1/dumps`. */
export function dumpRoutes(dumps: DumpDesk): Router {
  const router = Router();
  // The content type is not looked at: what is not JSON is refused by its content.
  const readBody = json({ limit: bodyLimitBytes, type: () => true });

  router.get('/', async (_request, response) => {
    const list: DumpList = { dumps: await dumps.list() };
    response.json(list);
  });

  router.post('/', readBody, async (request, response) => {
    const body = request.body as unknown;
    const range = parseRange(body);
    const [filter, redaction] = [parseFilter(body), parseRedaction(body)];
    const dump = await dumps.create(range, userIdOf(request), filter, redaction);
    noteDone(response, dump.id);
    response.status(201).location(`dumps/${dump.id}`).json(dump);
  });

  router.get('/estimate', async (request, response) => {
    const { from, to } = request.query;
    response.json(await dumps.estimate(parseRange({ from: numberOf(from), to: numberOf(to) })));
  });

  router.get('/:id', async (request, response) => {
    response.json(await dumps.get(dumpId(request)));
  });

  router.delete('/:id', async (request, response) => {
    await dumps.delete(dumpId(request), userIdOf(request));
    response.status(204).end();
  });

  router.post('/:id/cancel', async (request, response) => {
    response.json(await dumps.cancel(dumpId(request), userIdOf(request)));
  });

  router.get('/:id/aliases', async (request, response) => {
    const id = dumpId(request);
    const aliases = await dumps.aliases(id);
    response.attachment(`aliases_${id}.json`).json(aliases);
  });

  router.get('/:id/archive', async (request, response) => {
    await sendArchive(request, response, await dumps.archive(dumpId(request)));
  });

  return router;
}

function numberOf(text: unknown): unknown {
  return typeof text === 'string' && /^-?\d{1,16}$/.test(text) ? Number(text) : text;
}

/** Checks the shape only; whether the range makes sense is for the dumps to say. */
function parseRange(body: unknown): { fromMs: number; toMs: number } {
  if (typeof body === 'object' && body !== null) {
    const { from, to } = body as { from?: unknown; to?: unknown };
    if (Number.isSafeInteger(from) && Number.isSafeInteger(to)) {
      return { fromMs: from as number, toMs: to as number };
    }
  }
  throw new HttpError(
    400,
    'DUMP_RANGE_INVALID',
    'A dump needs a range: "from" and "to" as whole milliseconds since 1970.',
  );
}

/** Ids are 26 of a-z and 0-9: nothing that could mean a path is ever passed on. */
function dumpId(request: Request): string {
  const { id } = request.params;
  if (typeof id === 'string' && /^[a-z0-9]{26}$/.test(id)) return id;
  throw new HttpError(400, 'DUMP_BAD_ID', 'That is not the id of a dump.');
}
