import type { RequestHandler } from 'express';
import type { Clock } from '../../lib/runtime/index.ts';
import { userIdOf } from './authorize.ts';
import { HttpError } from './errors.ts';
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
  /** Ends "You have …". */
  done: string;
  /** Of the refusal. */
  code: string;
}

/** Each costs the disk and the file store their time. */
export const createRate: Rate = {
  maxPerPeriod: maxCreatesPerPeriod,
  done: `begun ${String(maxCreatesPerPeriod)} dumps`,
  code: 'DUMP_TOO_MANY',
};

/** Each keeps a worker busy for up to a second. */
export const questionRate: Rate = {
  maxPerPeriod: maxQuestionsPerPeriod,
  done: `asked ${String(maxQuestionsPerPeriod)} times what a dump would be`,
  code: 'DUMP_TOO_MANY',
};

/** Each is passed on to all nodes. */
export const saveRate: Rate = {
  maxPerPeriod: maxSavesPerPeriod,
  done: `saved ${String(maxSavesPerPeriod)} times`,
  code: 'SETTINGS_TOO_MANY',
};

/** Lets each user ask so often in a while. Behind what says who it is. */
export function limitRate(
  clock: Pick<Clock, 'monotonicMs'>,
  { code, done, maxPerPeriod }: Rate,
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
      const message = `You have ${done} within a minute: wait ${String(seconds)} s.`;
      throw new HttpError(429, code, message);
    }
    asked.delete(userId);
    asked.set(userId, [...recent, nowMs]);
    const [quietest] = asked.keys();
    if (asked.size > maxRatedUsers && quietest !== undefined) asked.delete(quietest);
    next();
  };
}
