import type { GapRecord } from '../../server/collect/gaps/gap-record.ts';

/** A gap from either place. */
export type ShownGap = Pick<
  GapRecord,
  'job' | 'instance' | 'fromMs' | 'toMs' | 'reason' | 'message'
> & {
  readonly missed: number;
};
