import { join } from 'node:path';

import type { CheckFindings } from '../../lib/tsdb/index.ts';
import { parseLedger } from '../../server/collect/gaps/gap-record.ts';
import { readManifest } from './manifest.ts';
import type { ShownGap } from './shown-gap.ts';
import { readSmallFile } from './small-file.ts';

/** File of the gap ledger in a data directory. */
export const ledgerName = 'gaps.jsonl';

/** The collector leaves a larger ledger unread; it keeps its own below 1 MiB. */
const maxReadBytes = 16 * 1024 * 1024;

/** Checks every line of a gap ledger. */
export function checkLedger(file: string, path: string, findings: CheckFindings): void {
  const bytes = readSmallFile(file, maxReadBytes);
  if (bytes === undefined) {
    findings.error('CHECK_NOT_A_FILE', path, 'is no file, or too large to be a gap ledger');
    return;
  }
  let start = 0;
  let lines = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    const line = bytes.toString('utf8', start, end);
    checkLine(line, lines === 0, newline < 0, (severity, message) => {
      findings[severity]('CHECK_LEDGER', path, message, start);
    });
    lines++;
    start = end + 1;
  }
}

function checkLine(
  line: string,
  isFirst: boolean,
  isTorn: boolean,
  tell: (severity: 'error' | 'warning', message: string) => void,
): void {
  const { badLines, gaps } = parseLedger(line);
  if (isTorn) tell('warning', 'the last line has no end, as a crash leaves it');
  if (badLines > 0) {
    if (!isTorn) tell('error', 'a line that is not understood, and left out when it is read');
    return;
  }
  if (isFirst !== line.startsWith('{"kind":"gap-ledger"')) {
    tell('error', isFirst ? 'does not begin with its version' : 'names its version a second time');
  }
  for (const { fromMs, id, toMs } of gaps) {
    if (toMs !== null && toMs < fromMs) tell('error', `gap ${String(id)} ends before it begins`);
  }
}

/** The gaps of a data directory or of an unpacked dump; undefined when there is no such file. */
export function readGaps(dir: string): readonly ShownGap[] | undefined {
  const bytes = readSmallFile(join(dir, ledgerName), maxReadBytes);
  if (bytes !== undefined) return parseLedger(bytes.toString('utf8')).gaps;
  return readManifest(join(dir, 'manifest.json'))?.gaps;
}
