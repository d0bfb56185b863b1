import { Router } from 'express';
import { say, type Status, type TargetList } from '../../api/index.ts';
import { rightsIn, userIdOf } from './authorize.ts';
import { HttpError, httpError } from './errors.ts';
import type { WebServices } from './services.ts';

/** What the node tells of itself and of the deployment, and the sync that somebody asks for. */
export function stateRoutes(services: WebServices): Router {
  const router = Router();
  router.get('/api/v1/status', async (_request, response) => {
    const status: Status = { ...(await services.status()), can: rightsIn(response.locals) };
    response.json(status);
  });
  router.get('/api/v1/targets', async (_request, response) => {
    const list: TargetList = { targets: await services.targets() };
    response.json(list);
  });
  router.get('/api/v1/cardinality', async (_request, response) => {
    const cardinality = await services.cardinality();
    if (cardinality === undefined) {
      throw httpError(503, 'NOT_COLLECTING', say('api.not-collecting'));
    }
    response.json(cardinality);
  });
  router.post('/api/v1/sync', async (request, response) => {
    const outcome = await services.syncNow(userIdOf(request));
    const { lastError } = outcome.sync;
    if (outcome.isFinished && lastError !== null) {
      throw new HttpError(502, lastError);
    }
    response.status(outcome.isFinished ? 200 : 202).json(outcome);
  });
  return router;
}
