import {
  compareLabels,
  openBlock,
  writeBlock,
  type Labels,
  type RewrittenBlock,
} from '../../lib/tsdb/index.ts';
import type { Redactor } from './redactor.ts';

type Chunks =
  ReturnType<ReturnType<typeof openBlock>['series']> extends Iterable<
    infer Series extends { chunks: unknown }
  >
    ? Series['chunks']
    : never;

/** Where a redacted block comes from and goes to. */
export interface RedactBlockRequest {
  block: RewrittenBlock;
  parentDir: string;
  ulid: string;
  redactor: Redactor;
  checkCancelled: () => void;
}

/**
 * Writes a block anew with aliases in its labels: no symbol of the old one is left. Aliases sort in
 * another order than what they stand for, so the labels of all series are in memory at once.
 */
export function redactBlock(request: RedactBlockRequest): RewrittenBlock | undefined {
  const { block, checkCancelled, parentDir, redactor, ulid } = request;
  const reader = openBlock(block.dir);
  try {
    const series: { labels: Labels; chunks: Chunks }[] = [];
    // Names first: a series may mention a host that only a later one tells to be one.
    for (const { labels } of reader.series()) redactor.learnLabels(labels);
    for (const { chunks, labels } of reader.series()) {
      checkCancelled();
      series.push({ labels: redactor.labels(labels), chunks });
    }
    series.sort((a, b) => compareLabels(a.labels, b.labels));
    const { level, sources } = block.meta.compaction;
    const written = writeBlock({
      ...{ parentDir, ulid, level, sources, checkCancelled },
      series: (function* () {
        for (const { chunks, labels } of series) {
          yield { labels, chunks: chunks.map((chunk) => reader.chunk(chunk)) };
        }
      })(),
    });
    if (written === undefined) return undefined;
    const { numSamples, numSeries } = written.meta.stats;
    return { ...written, samples: numSamples, series: numSeries };
  } finally {
    reader.close();
  }
}
