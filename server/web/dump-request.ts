import { json, type Request } from 'express';
import { isJobId } from '../share/index.ts';
import { HttpError } from './errors.ts';
import { bodyLimitBytes } from './limits.ts';

/** Reads a body; its content type is not looked at: what is not JSON is refused by its content. */
export const readJsonBody = json({ limit: bodyLimitBytes, type: () => true });

/** The id in the address: nothing that could mean a path is ever passed on. */
export function dumpIdOf({ params: { id } }: Request): string {
  if (typeof id === 'string' && isJobId(id)) return id;
  throw new HttpError(400, 'DUMP_BAD_ID', 'That is not the id of a dump.');
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
  throw new HttpError(
    400,
    'DUMP_RANGE_INVALID',
    `A dump needs a range: "${fromName}" and "${toName}" as whole milliseconds since 1970.`,
  );
}
