import express, { type ErrorRequestHandler, type Express } from 'express';
import { say } from '../../api/index.ts';
import { asError, type Clock, type Logger } from '../../lib/runtime/index.ts';
import { auditTrail, noteRefusal, type AuditSink } from './audit-trail.ts';
import { authorize, type PermissionCheck } from './authorize.ts';
import { dumpRoutes } from './dump-routes.ts';
import { asHttpError, httpError } from './errors.ts';
import { goPluginRoutes } from './go-plugin-routes.ts';
import { createRate, limitRate, questionRate } from './rate-limit.ts';
import type { WebServices } from './services.ts';
import { settingsSavedRoute, type SaveSink } from './settings-saved.ts';
import { stateRoutes } from './state-routes.ts';

/** The plugin's HTTP below `/plugins/<id>`. */
export function createApp(
  services: WebServices,
  hasPermission: PermissionCheck,
  audit: { done: AuditSink; saved: SaveSink },
  logger: Logger,
  clock: Pick<Clock, 'monotonicMs'>,
): Express {
  const app = express();
  app.disable('x-powered-by');
  // The ETag of a JSON answer would cost a hash of it and saves nothing here.
  app.disable('etag');
  app.use((_request, response, next) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  app.use(settingsSavedRoute(audit.saved, hasPermission, clock));
  app.use(auditTrail(audit.done, services.dumps));
  app.use(authorize(hasPermission, services.readers));

  app.use(stateRoutes(services));
  // Before the body is judged: an attempt that cannot be read counts, too.
  app.post(['/api/v1/dumps', '/jobs/create'], limitRate(clock, createRate));
  app.get('/api/v1/dumps/estimate', limitRate(clock, questionRate));
  app.get('/api/v1/dumps/choices', limitRate(clock, questionRate));
  app.post('/api/v1/dumps/preview', limitRate(clock, questionRate));
  app.use(dumpRoutes(services.dumps));
  app.use(goPluginRoutes(services));

  app.use(() => {
    throw httpError(404, 'NOT_FOUND', say('api.not-found'));
  });
  app.use(answerErrors(logger));
  return app;
}

/** Turns whatever a route threw into the one shape of errors. */
function answerErrors(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      // Too late to say anything: cutting the connection is what tells the client.
      logger.debug('An answer was cut short', { path: request.path, error: asError(error) });
      next(error);
      return;
    }
    for (const name of ['Content-Length', 'Content-Disposition', 'ETag', 'Accept-Ranges']) {
      response.removeHeader(name);
    }
    const refusal = asHttpError(error);
    noteRefusal(response, refusal?.code ?? 'INTERNAL');
    if (refusal !== undefined) {
      response.status(refusal.status).json(refusal);
      return;
    }
    logger.error('A request failed', {
      code: 'HTTP_DEFECT',
      method: request.method,
      path: request.path,
      error: asError(error),
    });
    const internal = httpError(500, 'INTERNAL', say('api.defect'));
    response.status(internal.status).json(internal);
  };
}
