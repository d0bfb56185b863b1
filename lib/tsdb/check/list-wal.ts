import { parseCheckpointName, parseWalSegmentName, walSegmentName } from '../wal/index.ts';
import { listEntries } from './file-access.ts';
import type { Findings } from './finding.ts';

/** Segments and checkpoints in a WAL directory, ascending; anything else is told. */
export function listWal(dir: string, path: string, findings: Findings) {
  const segments: number[] = [];
  const checkpoints: { name: string; covers: number }[] = [];
  for (const entry of listEntries(dir, path, findings)) {
    const { name } = entry;
    const segment = parseWalSegmentName(name);
    const covers = parseCheckpointName(name);
    if (segment !== undefined && name === walSegmentName(segment)) segments.push(segment);
    else if (covers !== undefined && entry.isDirectory()) checkpoints.push({ name, covers });
    else if (name.startsWith('checkpoint.') && name.endsWith('.tmp')) {
      findings.warning('CHECK_LEFTOVER', `${path}/${name}`, 'a checkpoint that was not finished');
    } else findings.note('CHECK_UNKNOWN_FILE', `${path}/${name}`, 'is no part of a WAL');
  }
  segments.sort((a, b) => a - b);
  checkpoints.sort((a, b) => a.covers - b.covers);
  return { segments, checkpoints };
}
