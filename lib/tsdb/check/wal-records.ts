import { TsdbError } from '../errors.ts';
import type { WalSegmentReader } from '../wal/index.ts';

/** A record of a WAL, or what stands in the place of one. */
export type WalStep =
  | { readonly kind: 'record'; readonly offset: number; readonly record: Uint8Array }
  | { readonly kind: 'damage'; readonly offset: number; readonly error: TsdbError };

/**
 * All records of a segment, also those behind damage: reading goes on at the next page. It ends at
 * a compressed record, because then all of them are.
 */
export function* walRecords(reader: WalSegmentReader): Generator<WalStep, void> {
  for (;;) {
    let step: WalStep;
    try {
      const record = reader.next();
      if (record === undefined) return;
      step = { kind: 'record', offset: reader.recordOffset, record };
    } catch (error) {
      if (!(error instanceof TsdbError)) throw error;
      step = { kind: 'damage', offset: reader.recordOffset, error };
      reader.skipPage();
    }
    yield step;
    if (step.kind === 'damage' && step.error.code === 'TSDB_WAL_COMPRESSED') return;
  }
}
