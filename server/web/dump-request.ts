import { json, type Request, type RequestHandler } from 'express';
import { say } from '../../api/index.ts';
import { isJobId } from '../share/index.ts';
import { httpError } from './errors.ts';
import { bodyLimitBytes } from './limits.ts';

/** Its content type is not looked at: what is not JSON is refused by its content. */
const parseBody: RequestHandler = json({ limit: bodyLimitBytes, type: () => true });

/**
 * Reads a body before it is known whether the sender may send one, so that the audit record of a refusal
 * tells what was asked for. What is wrong with the body is told by {@link readJsonBody}, after the gate.
 */
export const readBodyAhead: RequestHandler = (request, response, next) => {
  void parseBody(request, response, (error?: unknown) => {
    if (error !== undefined) response.locals['bodyError'] = error;
    next();
  });
};

/** Reads a body, unless it has been read ahead. */
export const readJsonBody: RequestHandler = (request, response, next) => {
  const { bodyError } = response.locals;
  if (bodyError === undefined) void parseBody(request, response, next);
  else next(bodyError);
};

/** The id in the address: nothing that could mean a path is ever passed on. */
export function dumpIdOf({ params: { id } }: Request): string {
  if (typeof id === 'string' && isJobId(id)) return id;
  throw httpError(400, 'DUMP_BAD_ID', say('dump.bad-id'));
}

/** Checks the shape only; whether the range makes sense is for the dumps to say. */
export function rangeOf(
  body: unknown,
  fromName: string,
  toName: string,
): { fromMs: number; toMs: number } {
  if (typeof body === 'object' && body !== null) {
    const { [fromName]: fromMs, [toName]: toMs } = body as Record<string, unknown>;
    if (Number.isSafeInteger(fromMs) && Number.isSafeInteger(toMs)) {
      return { fromMs: fromMs as number, toMs: toMs as number };
    }
  }
  const names = { from: fromName, to: toName };
  throw httpError(400, 'DUMP_RANGE_INVALID', say('dump.range-fields', names));
}

/** What an address asks for, as a body would have it. */
export function askedInQuery(query: Request['query']): Record<string, unknown> {
  const { from, jobs, metrics, nodes, redaction, stepSeconds, to } = query;
  const numbers = { from: numberOf(from), to: numberOf(to), stepSeconds: numberOf(stepSeconds) };
  return {
    ...numbers,
    redaction,
    nodes: listOf(nodes),
    jobs: listOf(jobs),
    metrics: listOf(metrics),
  };
}

function numberOf(text: unknown): unknown {
  return typeof text === 'string' && /^-?\d{1,16}$/.test(text) ? Number(text) : text;
}

/** What stands once in an address is no list there. */
function listOf(value: unknown): unknown {
  return typeof value === 'string' ? [value] : value;
}
