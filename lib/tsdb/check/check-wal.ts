import { join } from 'node:path';

import { compareUtf8 } from '../../bytes/index.ts';
import type { Labels } from '../labels.ts';
import { SampleBatch } from '../sample-batch.ts';
import {
  WalSegmentReader,
  decodeSamplesRecord,
  decodeSeriesRecord,
  walPageBytes,
  walRecordKind,
  walSegmentName,
} from '../wal/index.ts';
import { openRegular } from './file-access.ts';
import type { Findings } from './finding.ts';
import { maxTrackedSeries, maxWalSegmentBytes } from './limits.ts';
import { listWal } from './list-wal.ts';
import { walRecords } from './wal-records.ts';

/** Highest record type that any version of Prometheus writes. */
const lastRecordType = 13;

/** Checks a WAL directory: names, framing and records of its checkpoint and of its segments. */
export function checkWal(dir: string, path: string, findings: Findings): void {
  const { checkpoints, segments } = listWal(dir, path, findings);
  const newest = checkpoints.at(-1);
  for (const { name } of checkpoints.slice(0, -1)) {
    const message = 'an older checkpoint than the newest, which is not read';
    findings.note('CHECK_LEFTOVER', `${path}/${name}`, message);
  }
  const records = new RecordsCheck(findings);
  if (newest !== undefined) {
    const checkpointPath = `${path}/${newest.name}`;
    const inside = listCheckpoint(join(dir, newest.name), checkpointPath, findings);
    checkSegments(join(dir, newest.name), checkpointPath, inside, records, findings);
  }
  const covered = newest === undefined ? -1 : newest.covers;
  for (const segment of segments.filter((segment) => segment <= covered)) {
    const message = `covered by checkpoint ${String(covered)}, and not read`;
    findings.note('CHECK_LEFTOVER', `${path}/${walSegmentName(segment)}`, message);
  }
  const live = segments.filter((segment) => segment > covered);
  checkBegin(live, newest?.covers, path, findings);
  checkSegments(dir, path, live, records, findings);
}

/** The segments must follow the checkpoint without a gap; whoever makes one has begun the next segment before. */
function checkBegin(
  live: readonly number[],
  covers: number | undefined,
  path: string,
  findings: Findings,
): void {
  const first = live[0];
  if (first === undefined) {
    if (covers === undefined) return;
    const message = `no segment follows the checkpoint, which ends at ${String(covers)}`;
    findings.error('CHECK_MISSING', `${path}/${walSegmentName(covers + 1)}`, message);
    return;
  }
  if (first === (covers ?? -1) + 1) return;
  const message = `the segments begin at ${String(first)}`;
  if (covers === undefined) {
    findings.warning('CHECK_MISSING', path, `${message} and there is no checkpoint`);
  } else {
    const at = `${path}/${walSegmentName(covers + 1)}`;
    findings.error('CHECK_MISSING', at, `${message}, the checkpoint ends at ${String(covers)}`);
  }
}

function listCheckpoint(dir: string, path: string, findings: Findings): number[] {
  const { segments, checkpoints } = listWal(dir, path, findings);
  for (const { name } of checkpoints) {
    findings.note('CHECK_UNKNOWN_FILE', `${path}/${name}`, 'is no part of a checkpoint');
  }
  if (segments.length === 0) findings.error('CHECK_MISSING', path, 'a checkpoint without segments');
  else if (segments[0] !== 0) {
    const first = String(segments[0]);
    findings.error('CHECK_MISSING', path, `a checkpoint that begins at segment ${first}`);
  }
  return segments;
}

function checkSegments(
  dir: string,
  path: string,
  segments: readonly number[],
  records: RecordsCheck,
  findings: Findings,
): void {
  segments.forEach((segment, at) => {
    const name = walSegmentName(segment);
    const before = segments[at - 1];
    if (before !== undefined && segment !== before + 1) {
      const message = `the segments between ${String(before)} and ${String(segment)} are missing`;
      findings.error('CHECK_MISSING', `${path}/${walSegmentName(before + 1)}`, message);
    }
    const isLast = at === segments.length - 1;
    records.checkSegment(join(dir, name), `${path}/${name}`, segment, isLast);
  });
}

/** Checks the records of one segment after the other; series are known from then on. */
class RecordsCheck {
  readonly #findings: Findings;
  /** A fingerprint of the labels of each series, by reference. */
  readonly #series = new Map<number, number>();
  readonly #batch = new SampleBatch(8192);
  /** Whether a record of series may be missing: then unknown series say nothing. */
  #isDamaged = false;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  checkSegment(file: string, path: string, segment: number, isLast: boolean): void {
    const source = openRegular(file, path, this.#findings, maxWalSegmentBytes);
    if (source === undefined) {
      this.#isDamaged = true;
      return;
    }
    this.#findings.summary.walSegments++;
    try {
      if (!isLast && source.size % walPageBytes !== 0) {
        const message = 'a finished segment that does not fill its last page';
        this.#findings.note('CHECK_SHORT_PAGE', path, message, source.size);
      }
      this.#findings.guard(path, () => {
        for (const step of walRecords(new WalSegmentReader(source, segment))) {
          if (step.kind === 'record') this.#record(step.record, path, step.offset);
          else {
            this.#isDamaged = true;
            this.#findings.thrown(path, step.error, step.offset);
          }
        }
      });
    } finally {
      source.close();
    }
  }

  #record(record: Uint8Array, path: string, offset: number): void {
    this.#findings.summary.walRecords++;
    // Where a record does not decode its own error counts from the record's begin.
    try {
      const kind = walRecordKind(record);
      if (kind === 'series') this.#seriesRecord(record, path, offset);
      else if (kind === 'samples') this.#samplesRecord(record, path, offset);
      else this.#otherRecord(record, path, offset);
    } catch (error) {
      this.#isDamaged = true;
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (!code.startsWith('TSDB_')) throw error;
      this.#findings.error(code, path, (error as Error).message, offset);
    }
  }

  #seriesRecord(record: Uint8Array, path: string, offset: number): void {
    for (const { ref, labels } of decodeSeriesRecord(record)) {
      this.#checkLabels(labels, ref, path, offset);
      const print = labelsPrint(labels);
      const known = this.#series.get(ref);
      if (known !== undefined && known !== print) {
        const message = `series reference ${String(ref)} was that of other labels before`;
        this.#findings.error('CHECK_REFERENCE', path, message, offset);
      }
      if (this.#series.size >= maxTrackedSeries && known === undefined) {
        if (!this.#isDamaged) {
          const message = 'too many series: samples of unknown ones are not looked for any more';
          this.#findings.note('CHECK_SKIPPED', path, message, offset);
        }
        this.#isDamaged = true;
      } else this.#series.set(ref, print);
    }
  }

  #checkLabels(labels: Labels, ref: number, path: string, offset: number): void {
    const tell = (message: string): void => {
      this.#findings.error('CHECK_ORDER', path, `series ${String(ref)}: ${message}`, offset);
    };
    if (labels.length === 0) tell('no labels');
    for (let at = 0; at < labels.length; at += 2) {
      if (labels[at] === '' || labels[at + 1] === '') tell('a label without name or value');
      if (at > 0 && compareUtf8(labels[at - 2]!, labels[at]!) >= 0) tell('labels out of order');
    }
  }

  #samplesRecord(record: Uint8Array, path: string, offset: number): void {
    const batch = this.#batch;
    batch.clear();
    this.#findings.summary.walSamples += decodeSamplesRecord(record, batch);
    if (this.#isDamaged) return;
    let unknown = 0;
    let first = 0;
    for (let at = 0; at < batch.count; at++) {
      const ref = batch.refs[at]!;
      if (this.#series.has(ref)) continue;
      if (unknown++ === 0) first = ref;
    }
    if (unknown === 0) return;
    const message = `${String(unknown)} samples of series that no record names, the first is ${String(first)}`;
    this.#findings.error('CHECK_UNKNOWN_SERIES', path, message, offset);
  }

  #otherRecord(record: Uint8Array, path: string, offset: number): void {
    const type = record[0];
    if (type !== undefined && type > 0 && type <= lastRecordType) return;
    // Nobody writes one without content, but one byte in front of zeros reads as such: its checksum
    // is zero, too.
    const what = type === undefined ? 'an empty record' : `a record of type ${String(type)}`;
    this.#findings.error('CHECK_RECORD_TYPE', path, `${what}, which nobody writes`, offset);
  }
}

/** 32 bits of the labels' texts. */
function labelsPrint(labels: Labels): number {
  let print = 0x811c_9dc5;
  for (const text of labels) {
    for (let at = 0; at < text.length; at++) {
      print = Math.imul(print ^ text.charCodeAt(at), 0x0100_0193);
    }
    print = Math.imul(print ^ 0x1_0000, 0x0100_0193);
  }
  return print;
}
