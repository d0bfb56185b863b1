import { ByteReader, compareUtf8 } from '../../bytes/index.ts';
import type { ByteSource } from '../byte-source.ts';
import { IndexReader } from '../index/index.ts';
import { PostingsCheck } from './check-postings.ts';
import { SeriesCheck, type SeriesTally, type SeriesVisitor } from './check-series.ts';
import { quoted, type Findings } from './finding.ts';
import { checkPadding, readSection } from './section.ts';
import { SeriesPairs } from './series-pairs.ts';

/** Bytes of the header and of the table of contents at the end. */
const headerBytes = 5;
const contentsBytes = 52;

/**
 * Checks all bytes of an index and hands its series to `visit`, in order. Undefined when not even
 * the table of contents can be believed.
 */
export function checkIndex(
  source: ByteSource,
  path: string,
  findings: Findings,
  visit: SeriesVisitor,
): SeriesTally | undefined {
  const index = findings.guard(path, () => new IndexReader(source));
  if (index === undefined) return undefined;
  if (index.version !== 2) {
    const message = `index version ${String(index.version)}: old readers refuse it`;
    findings.warning('CHECK_VERSION', path, message, 4);
  }
  const symbols = findings.guard(path, () => checkSymbols(index, source, path, findings));
  const pairs = new SeriesPairs();
  let tally: SeriesTally | undefined;
  if (symbols !== undefined) {
    const series = new SeriesCheck(index, source, path, findings, symbols, pairs);
    findings.guard(path, () => {
      series.walk(visit);
    });
    tally = series.tally;
  }
  checkObsolete(index, source, path, findings);
  const known = tally?.isWhole === true ? pairs : undefined;
  const postings = new PostingsCheck(source, index.toc, path, findings, symbols, known);
  postings.run(postingsEnd(index), source.size - contentsBytes);
  return tally ?? { series: 0, chunks: 0, isWhole: false };
}

function checkSymbols(
  index: IndexReader,
  source: ByteSource,
  path: string,
  findings: Findings,
): string[] {
  const { symbols: start, series } = index.toc;
  if (start !== headerBytes) {
    findings.error('CHECK_TRAILING', path, 'bytes between the header and the symbols', headerBytes);
  }
  const symbols = index.readSymbols();
  for (let at = 1; at < symbols.length; at++) {
    if (compareUtf8(symbols[at - 1]!, symbols[at]!) < 0) continue;
    const message = `symbol ${String(at)}, ${quoted(symbols[at]!)}, does not stand behind the one before`;
    findings.error('CHECK_ORDER', path, message, start);
  }
  const end = start + 4 + new ByteReader(source.read(start, 4)).u32be() + 4;
  // What follows up to the first series is its padding, and looked at there.
  checkPadding(source, end, series, path, findings);
  return symbols;
}

/** Postings end where the next section begins, obsolete or not. */
function postingsEnd({ toc }: IndexReader): number {
  const { labelOffsetTable, postings, postingsTable } = toc;
  const hasTable = labelOffsetTable >= postings && labelOffsetTable < postingsTable;
  return hasTable ? labelOffsetTable : postingsTable;
}

/** The two sections that Prometheus 2.x wrote and nobody reads: their checksums. */
function checkObsolete(
  index: IndexReader,
  source: ByteSource,
  path: string,
  findings: Findings,
): void {
  const { labelIndices, postings, postingsTable } = index.toc;
  const walk = (from: number, to: number): void => {
    findings.guard(path, () => {
      for (let at = from; at < to;) {
        const start = Math.ceil(at / 4) * 4;
        checkPadding(source, at, Math.min(start, to), path, findings);
        if (start >= to) return;
        at = readSection(source, start, to).end;
      }
    });
  };
  walk(labelIndices, postings);
  const end = postingsEnd(index);
  if (end === postingsTable) return;
  findings.guard(path, () => {
    const table = readSection(source, end, postingsTable);
    checkPadding(source, table.end, postingsTable, path, findings);
  });
}
