/** Lines that are shown when nobody says how many. */
export const defaultLimit = 100;

const overview = `Looks into the files of a metrics store, and changes nothing.

  metrics-store check DIR            finds everything that is wrong
  metrics-store inspect DIR          shows what is there
  metrics-store help check|inspect

DIR is the data directory of the plugin (or of a Prometheus), an unpacked dump, or one block.
`;

const check = `metrics-store check [--json] DIR

Verifies every checksum, order and reference of blocks and WAL, the gap ledger, and in an unpacked
dump the files against its manifest. Lists all findings, one per line: severity, file and byte,
code, sentence.

  error    data is damaged or lost, or a reader would refuse it
  warning  nothing is lost, but somebody should look
  note     worth knowing

  --json   {"findings":[…],"summary":{…}} instead of lines

DIR is a data directory, an unpacked dump, or one block. A store that is running changes its files
while they are read: check a copy, or stop the plugin first.

Exit code: 0 no errors, 1 errors were found, 2 the command or the directory is not usable.
`;

const inspect = `metrics-store inspect [OPTIONS] DIR [WHAT]

  inspect DIR                      blocks: ULID, range, samples, series, size, level, sources
  inspect DIR series [SELECTOR]    series of each block
  inspect DIR samples [SELECTOR]   their samples
  inspect DIR chunks [SELECTOR]    their chunks: times, samples, bytes, place
  inspect DIR labels [NAME]        label names and how many values; with NAME, its values
  inspect DIR wal                  records of checkpoint and segments
  inspect DIR gaps                 stretches without data, of a data directory or a dump

  SELECTOR  'name', '{job="node"}', 'up{instance=~"app.*", job!="calls"}'

  --block ULID   only this block
  --from TIME    only what reaches beyond this time, as 2026-11-20T12:00:00Z (UTC) or milliseconds
  --to TIME      only what begins before this time
  --limit N      at most so many lines, ${String(defaultLimit)} without this; 0 for all
  --json         one JSON object per line

Times are UTC, ranges reach from the first time to the one behind the last.
Exit code: 0 all was readable, 1 something was not, 2 the command or the directory is not usable.
`;

/** Help on one command, or the overview. */
export function help(topic?: string): string {
  if (topic === 'check') return check;
  if (topic === 'inspect') return inspect;
  return overview;
}
