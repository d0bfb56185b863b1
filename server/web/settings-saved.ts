import { Router } from 'express';
import { say } from '../../api/index.ts';
import type { Clock } from '../../lib/runtime/index.ts';
import { settingKeysIn } from '../settings/index.ts';
import { actorOf, type AuditedRequest } from './audit-trail.ts';
import { authorizeSaving, type PermissionCheck } from './authorize.ts';
import { readJsonBody } from './dump-request.ts';
import { httpError } from './errors.ts';
import { limitRate, saveRate } from './rate-limit.ts';

/** Somebody says that they have saved settings, of which they had edited these. */
export interface AnnouncedSave {
  actor: AuditedRequest['actor'];
  keys: string[];
}

/** Takes an announcement; must not throw. */
export type SaveSink = (save: AnnouncedSave) => void;

/**
 * The route by which the console says who has saved, because the server does not tell plugins. It stands
 * before the gate of all others: who may save settings need not be one who may see metrics.
 */
export function settingsSavedRoute(
  sink: SaveSink,
  hasPermission: PermissionCheck,
  clock: Pick<Clock, 'monotonicMs'>,
): Router {
  const router = Router();
  router.post(
    '/api/v1/settings/saved',
    authorizeSaving(hasPermission),
    limitRate(clock, saveRate),
    readJsonBody,
    (request, response) => {
      const { keys } = Object(request.body as unknown) as { keys?: unknown };
      const known = settingKeysIn(keys);
      if (known === undefined) {
        throw httpError(400, 'SETTINGS_KEYS_INVALID', say('api.no-keys'));
      }
      sink({ actor: actorOf(request), keys: known });
      response.status(204).end();
    },
  );
  return router;
}
