import {
  compareLabels,
  openBlock,
  writeBlockFiles,
  type Labels,
  type RewrittenBlock,
  type WriteBlockOptions,
} from '../../lib/tsdb/index.ts';
import type { Redactor } from './redactor.ts';

type Chunks =
  ReturnType<ReturnType<typeof openBlock>['series']> extends Iterable<
    infer Series extends { chunks: unknown }
  >
    ? Series['chunks']
    : never;

interface RedactedSeries {
  labels: Labels;
  chunks: Chunks;
  /** Its place in the block that is redacted. */
  at: number;
}

/** Where a redacted block goes to. */
export interface RedactedOutput extends Pick<
  WriteBlockOptions,
  'parentDir' | 'ulid' | 'segmentBytes'
> {
  checkCancelled: () => void;
  /** Told of each series that is written. */
  onSeries: (labels: Labels) => void;
}

/**
 * Writes a block anew with aliases in its labels, file by file: no symbol of the old one is left. Aliases
 * sort in another order than what they stand for, so the labels of all series are in memory at once.
 */
export function* redactBlock(
  block: RewrittenBlock,
  redactor: Redactor,
  output: RedactedOutput,
): ReturnType<typeof writeBlockFiles> {
  const { checkCancelled, onSeries } = output;
  const reader = openBlock(block.dir);
  try {
    const series: RedactedSeries[] = [];
    // Names first: a series may mention a host that only a later one tells to be one.
    for (const { labels } of reader.series()) redactor.learnLabels(labels);
    for (const { chunks, labels } of reader.series()) {
      checkCancelled();
      series.push({ labels: redactor.labels(labels), chunks, at: series.length });
    }
    tellApart(series, reader, redactor);
    const { level, sources } = block.meta.compaction;
    return yield* writeBlockFiles({
      ...output,
      level,
      sources,
      series: (function* () {
        for (const { chunks, labels } of series) {
          onSeries(labels);
          yield { labels, chunks: chunks.map((chunk) => reader.chunk(chunk)) };
        }
      })(),
    });
  } finally {
    reader.close();
  }
}

/** Sorts; series that differ in how a host is written alone have one alias, and stay series of their own. */
function tellApart(
  series: RedactedSeries[],
  reader: ReturnType<typeof openBlock>,
  redactor: Redactor,
): void {
  const order = (a: RedactedSeries, b: RedactedSeries) => compareLabels(a.labels, b.labels);
  series.sort(order);
  const same = new Map<number, RedactedSeries>();
  for (const [place, one] of series.entries()) {
    const before = series[place - 1];
    if (before !== undefined && order(before, one) === 0) {
      same.set(before.at, before).set(one.at, one);
    }
  }
  if (same.size === 0) return;
  let at = 0;
  for (const { labels } of reader.series()) {
    const one = same.get(at++);
    if (one !== undefined) one.labels = redactor.exactLabels(labels);
  }
  series.sort(order);
}
