import {
  maxStepSeconds,
  minStepSeconds,
  say,
  type DumpFilter,
  type DumpRedaction,
} from '../../../api/index.ts';
import { DumpError } from '../errors.ts';
import { parseFilter } from './filter.ts';

/** What of the samples of a range a dump holds, and in which form. */
export interface DumpContent {
  /** Series that are asked for; null for all. */
  filter: DumpFilter | null;
  redaction: DumpRedaction;
  /** One sample per series and step of so many seconds; 0 for all. */
  stepSeconds: number;
}

/** Every sample, as it was collected. */
export const wholeContent: DumpContent = { filter: null, redaction: 'none', stepSeconds: 0 };

/** What a request asks for; throws a {@link DumpError} that says what is wrong with it. */
export function parseContent(body: unknown): DumpContent {
  return {
    filter: parseFilter(body),
    redaction: parseRedaction(body),
    stepSeconds: parseStep(body),
  };
}

/** The redaction that a request asks for; throws `DUMP_REDACTION_INVALID`. */
export function parseRedaction(body: unknown): DumpRedaction {
  const { redaction } = (body ?? {}) as { redaction?: unknown };
  if (redaction === undefined || redaction === null || redaction === 'none') return 'none';
  if (redaction === 'hosts-and-ids') return redaction;
  throw new DumpError('DUMP_REDACTION_INVALID', say('dump.redaction'));
}

function parseStep(body: unknown): number {
  const { stepSeconds } = (body ?? {}) as { stepSeconds?: unknown };
  if (stepSeconds === undefined || stepSeconds === null || stepSeconds === 0) return 0;
  const isStep =
    Number.isSafeInteger(stepSeconds) &&
    (stepSeconds as number) >= minStepSeconds &&
    (stepSeconds as number) <= maxStepSeconds;
  if (isStep) return stepSeconds as number;
  const bounds = { min: String(minStepSeconds), max: String(maxStepSeconds) };
  throw new DumpError('DUMP_STEP_INVALID', say('dump.step', bounds));
}
