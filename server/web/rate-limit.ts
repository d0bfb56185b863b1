import type { RequestHandler } from 'express';
import { say } from '../../api/index.ts';
import type { Clock } from '../../lib/runtime/index.ts';
import { userIdOf } from './authorize.ts';
import { httpError } from './errors.ts';
import {
  createPeriodMs,
  maxCreatesPerPeriod,
  maxQuestionsPerPeriod,
  maxRatedUsers,
  maxSavesPerPeriod,
} from './limits.ts';

/** How often one user may ask for something within a minute, and what it is called. */
export interface Rate {
  maxPerPeriod: number;
  refused: 'api.too-many-dumps' | 'api.too-many-questions' | 'api.too-many-saves';
  /** Of the refusal. */
  code: string;
}

/** Each costs the disk and the file store their time. */
export const createRate: Rate = {
  maxPerPeriod: maxCreatesPerPeriod,
  refused: 'api.too-many-dumps',
  code: 'DUMP_TOO_MANY',
};

/** Each keeps a worker busy for up to a second. */
export const questionRate: Rate = {
  maxPerPeriod: maxQuestionsPerPeriod,
  refused: 'api.too-many-questions',
  code: 'DUMP_TOO_MANY',
};

/** Each is passed on to all nodes. */
export const saveRate: Rate = {
  maxPerPeriod: maxSavesPerPeriod,
  refused: 'api.too-many-saves',
  code: 'SETTINGS_TOO_MANY',
};

/** Lets each user ask so often in a while. Behind what says who it is. */
export function limitRate(
  clock: Pick<Clock, 'monotonicMs'>,
  { code, maxPerPeriod, refused }: Rate,
): RequestHandler {
  /** Times of the last requests by user, oldest first; the user who was quiet longest comes first. */
  const asked = new Map<string, number[]>();
  return (request, response, next) => {
    const userId = userIdOf(request);
    const nowMs = clock.monotonicMs();
    const recent = (asked.get(userId) ?? []).filter((atMs) => nowMs - atMs < createPeriodMs);
    const [oldestMs] = recent;
    if (oldestMs !== undefined && recent.length >= maxPerPeriod) {
      const seconds = Math.ceil((createPeriodMs - (nowMs - oldestMs)) / 1000);
      response.setHeader('Retry-After', seconds);
      const told = { limitCount: maxPerPeriod, waitMs: seconds * 1000 };
      throw httpError(429, code, say(refused, told));
    }
    asked.delete(userId);
    asked.set(userId, [...recent, nowMs]);
    const [quietest] = asked.keys();
    if (asked.size > maxRatedUsers && quietest !== undefined) asked.delete(quietest);
    next();
  };
}
