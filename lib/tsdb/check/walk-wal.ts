import { join } from 'node:path';

import { SampleBatch } from '../sample-batch.ts';
import {
  WalSegmentReader,
  decodeSamplesRecord,
  decodeSeriesRecord,
  walRecordKind,
  walSegmentName,
  type WalSeries,
} from '../wal/index.ts';
import { openRegular } from './file-access.ts';
import { Findings, type Finding } from './finding.ts';
import { maxWalSegmentBytes } from './limits.ts';
import { listWal } from './list-wal.ts';
import { walRecords } from './wal-records.ts';

/** A record of a WAL with its content, or a finding in the place of one. */
export type WalEntry =
  | { readonly kind: 'finding'; readonly finding: Finding }
  | ({
      /** File relative to the WAL's directory, and where the record begins in it. */
      readonly path: string;
      readonly offset: number;
      readonly sizeBytes: number;
    } & WalContent);

type WalContent =
  | { readonly kind: 'series'; readonly series: readonly WalSeries[] }
  /** The batch is used again for the next record. */
  | { readonly kind: 'samples'; readonly samples: SampleBatch }
  | { readonly kind: 'other'; readonly type: number | undefined };

/** All records of a WAL in the order of replay: the newest checkpoint, then the segments behind it. */
export function* walkWal(dir: string): Generator<WalEntry, void> {
  const met: Finding[] = [];
  const findings = new Findings((finding) => met.push(finding));
  for (const { path, segment } of filesOf(dir, findings)) {
    for (const entry of segmentEntries(dir, path, segment, findings)) {
      for (const finding of met.splice(0)) yield { kind: 'finding', finding };
      if (entry !== undefined) yield entry;
    }
    for (const finding of met.splice(0)) yield { kind: 'finding', finding };
  }
  for (const finding of met) yield { kind: 'finding', finding };
}

function filesOf(dir: string, findings: Findings): { path: string; segment: number }[] {
  const { checkpoints, segments } = listWal(dir, '.', findings);
  const newest = checkpoints.at(-1);
  const live = segments
    .filter((segment) => segment > (newest?.covers ?? -1))
    .map((segment) => ({ path: walSegmentName(segment), segment }));
  if (newest === undefined) return live;
  const inside = listWal(join(dir, newest.name), newest.name, findings).segments;
  return [
    ...inside.map((segment) => ({ path: `${newest.name}/${walSegmentName(segment)}`, segment })),
    ...live,
  ];
}

/** The records of one segment; undefined where damage was found, which is among the findings. */
function* segmentEntries(
  dir: string,
  path: string,
  segment: number,
  findings: Findings,
): Generator<WalEntry | undefined, void> {
  const source = openRegular(join(dir, path), path, findings, maxWalSegmentBytes);
  if (source === undefined) return;
  const batch = new SampleBatch();
  try {
    for (const step of walRecords(new WalSegmentReader(source, segment))) {
      const { offset } = step;
      if (step.kind === 'damage') {
        findings.thrown(path, step.error, offset);
        yield undefined;
        continue;
      }
      const { record } = step;
      const content = findings.guard(path, () => decode(record, batch), offset);
      yield content && { path, offset, sizeBytes: record.length, ...content };
    }
  } catch (error) {
    findings.thrown(path, error);
  } finally {
    source.close();
  }
}

function decode(record: Uint8Array, batch: SampleBatch): WalContent {
  const kind = walRecordKind(record);
  if (kind === 'series') return { kind, series: decodeSeriesRecord(record) };
  if (kind === 'other') return { kind, type: record[0] };
  batch.clear();
  decodeSamplesRecord(record, batch);
  return { kind, samples: batch };
}
