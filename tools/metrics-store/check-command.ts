import {
  checkDirectory,
  type CheckFindings,
  type CheckSummary,
  type Finding,
} from '../../lib/tsdb/index.ts';
import { checkLedger, ledgerName } from './gap-files.ts';
import { checkManifest } from './manifest.ts';
import type { Output } from './output.ts';
import { many, printable } from './printable.ts';
import { readSmallFile } from './small-file.ts';

type ExtraCheck = (file: string, path: string, findings: CheckFindings) => void;

const nothing: ExtraCheck = () => undefined;

/** HELP, TYPE and UNIT of metrics, one JSON document. */
const metadataName = 'metric-metadata.json';

/** Far above what 500,000 series need. */
const maxMetadataBytes = 256 * 1024 * 1024;

const checkMetadata: ExtraCheck = (file, path, findings) => {
  const bytes = readSmallFile(file, maxMetadataBytes);
  if (bytes === undefined) {
    findings.error('CHECK_NOT_A_FILE', path, 'is no file, or too large to be metadata of metrics');
    return;
  }
  try {
    JSON.parse(bytes.toString('utf8'));
  } catch {
    findings.error('CHECK_METADATA', path, 'is not JSON');
  }
};

/** What lies beside blocks and WAL in our data directories and dumps. */
const extra: Readonly<Record<string, ExtraCheck>> = {
  [ledgerName]: checkLedger,
  [`${ledgerName}.tmp`]: (_, path, findings) => {
    findings.warning('CHECK_LEFTOVER', path, 'a gap ledger that was not finished');
  },
  // Says how long dumps took: nothing is lost with it.
  'dump-pace.json': nothing,
  'dump-pace.json.tmp': nothing,
  'dump-work': (_, path, findings) => {
    findings.note('CHECK_LEFTOVER', path, 'what dumps are made of while they are made');
  },
  'file-store': (_, path, findings) => {
    findings.note('CHECK_SKIPPED', path, 'stands in for the file store, and is checked by itself');
  },
  [metadataName]: checkMetadata,
  [`${metadataName}.tmp`]: (_, path, findings) => {
    findings.warning('CHECK_LEFTOVER', path, 'metadata of metrics that was not finished');
  },
  'manifest.json': checkManifest,
  'metadata.yaml': nothing,
  'README.md': nothing,
  'docker-compose.yml': nothing,
  viewer: nothing,
};

/** Checks a directory and prints what is found. The exit code: 1 when there are errors. */
export function runCheck(dir: string, asJson: boolean, output: Output): number {
  let isFirst = true;
  if (asJson) output.out('{"findings":[');
  const report = (finding: Finding): void => {
    if (asJson) output.out(`${isFirst ? '' : ','}\n${JSON.stringify(finding)}`);
    else output.out(`${findingText(finding)}\n`);
    isFirst = false;
  };
  const summary = checkDirectory(dir, { report, extra });
  output.out(asJson ? `\n],"summary":${JSON.stringify(summary)}}\n` : summaryText(summary));
  return summary.errors > 0 ? 1 : 0;
}

function findingText({ severity, code, path, offset, message }: Finding): string {
  const place = offset === undefined ? path : `${path}@${String(offset)}`;
  return `${severity.padEnd(7)}  ${printable(place)}  ${code}  ${printable(message)}`;
}

function summaryText(summary: CheckSummary): string {
  const { blocks, series, chunks, samples, walSegments, walRecords, walSamples } = summary;
  return [
    `${many(blocks, 'block')}: ${String(series)} series, ${many(chunks, 'chunk')}, ${many(samples, 'sample')}`,
    `WAL: ${many(walSegments, 'segment')}, ${many(walRecords, 'record')}, ${many(walSamples, 'sample')}`,
    `${many(summary.errors, 'error')}, ${many(summary.warnings, 'warning')}, ${many(summary.notes, 'note')}`,
    '',
  ].join('\n');
}
