import type { RequestHandler } from 'express';
import type { Clock } from '../../lib/runtime/index.ts';
import { userIdOf } from './authorize.ts';
import { HttpError } from './errors.ts';
import { createPeriodMs, maxCreatesPerPeriod, maxRatedUsers } from './limits.ts';

/**
 * Lets each user begin so many dumps in a while, because each costs the disk and the file store
 * their time. Behind {@link authorize}.
 */
export function limitCreates(clock: Pick<Clock, 'monotonicMs'>): RequestHandler {
  /** Times of the last creates by user, oldest first; the user who was quiet longest comes first. */
  const creates = new Map<string, number[]>();
  return (request, response, next) => {
    const userId = userIdOf(request);
    const nowMs = clock.monotonicMs();
    const recent = (creates.get(userId) ?? []).filter((atMs) => nowMs - atMs < createPeriodMs);
    const [oldestMs] = recent;
    if (oldestMs !== undefined && recent.length >= maxCreatesPerPeriod) {
      const seconds = Math.ceil((createPeriodMs - (nowMs - oldestMs)) / 1000);
      response.setHeader('Retry-After', seconds);
      const message = `You have begun ${String(maxCreatesPerPeriod)} dumps within a minute: wait ${String(seconds)} s.`;
      throw new HttpError(429, 'DUMP_TOO_MANY', message);
    }
    creates.delete(userId);
    creates.set(userId, [...recent, nowMs]);
    const [quietest] = creates.keys();
    if (creates.size > maxRatedUsers && quietest !== undefined) creates.delete(quietest);
    next();
  };
}
