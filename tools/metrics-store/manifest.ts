import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  readdirSync,
  type Dirent,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { codeOf } from '../../lib/runtime/index.ts';
import type { CheckFindings } from '../../lib/tsdb/index.ts';
import { UsageError } from './errors.ts';
import type { ShownGap } from './shown-gap.ts';
import { readSmallFile } from './small-file.ts';

/** 10,000 gaps and every file of a dump take a few megabytes. */
const maxManifestBytes = 64 * 1024 * 1024;

const pieceBytes = 1024 * 1024;

interface ManifestFile {
  path: string;
  sizeBytes: number;
  sha256: string;
}

/** What of a dump's manifest (docs/format/manifest.md) is looked at here. */
interface Manifest {
  files: ManifestFile[];
  gaps: ShownGap[];
}

/** The manifest of an unpacked dump; undefined when there is none. Throws when it is none of ours. */
export function readManifest(file: string): Manifest | undefined {
  const bytes = readSmallFile(file, maxManifestBytes);
  if (bytes === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new UsageError('manifest.json is not JSON', { cause });
  }
  const { files, format, gaps } = fieldsOf(json);
  if (format !== 'mattermost-metrics-dump' || !Array.isArray(files) || !Array.isArray(gaps)) {
    throw new UsageError('manifest.json is not that of a dump');
  }
  return { files: files.map(parseFile), gaps: gaps.map(parseGap) };
}

/** Checks the files of an unpacked dump against its manifest. */
export function checkManifest(file: string, path: string, findings: CheckFindings): void {
  let manifest: Manifest | undefined;
  try {
    manifest = readManifest(file);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    findings.error('CHECK_MANIFEST', path, error.message);
    return;
  }
  if (manifest === undefined) {
    findings.error('CHECK_NOT_A_FILE', path, 'is no file, or too large to be a manifest');
    return;
  }
  const dir = dirname(file);
  const listed = new Set([path, ...manifest.files.map((listedFile) => listedFile.path)]);
  for (const listedFile of manifest.files) {
    findings.guard(listedFile.path, () => {
      checkFile(dir, listedFile, path, findings);
    });
  }
  for (const name of filesIn(dir)) {
    if (listed.has(name)) continue;
    findings.warning('CHECK_MANIFEST', name, 'is not in the manifest: it came later');
  }
}

function checkFile(
  dir: string,
  { path, sizeBytes, sha256 }: ManifestFile,
  manifestPath: string,
  findings: CheckFindings,
): void {
  if (!isInside(path)) {
    const message = `names ${JSON.stringify(path)}, which is no place inside the dump`;
    findings.error('CHECK_MANIFEST', manifestPath, message);
    return;
  }
  const found = hashOf(join(dir, path));
  if (found === undefined) {
    findings.error('CHECK_MISSING', path, 'is in the manifest, and missing or no regular file');
  } else if (found.sizeBytes !== sizeBytes) {
    const message = `has ${String(found.sizeBytes)} bytes, ${String(sizeBytes)} were packed`;
    findings.error('CHECK_MANIFEST', path, message);
  } else if (found.sha256 !== sha256) {
    findings.error('CHECK_MANIFEST', path, 'is not what was packed: its sha256 differs');
  }
}

/** Relative, and never upwards. */
function isInside(path: string): boolean {
  if (path === '' || path.startsWith('/') || path.includes('\0')) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Size and sha256 of a regular file, read in pieces. */
function hashOf(file: string): { sizeBytes: number; sha256: string } | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const hash = createHash('sha256');
    const piece = Buffer.alloc(pieceBytes);
    let sizeBytes = 0;
    for (let count = readSync(fd, piece); count > 0; count = readSync(fd, piece)) {
      hash.update(piece.subarray(0, count));
      sizeBytes += count;
    }
    return { sizeBytes, sha256: hash.digest('hex') };
  } finally {
    closeSync(fd);
  }
}

/** Files below a directory, relative to it; links are not followed. */
function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry: Dirent) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
}

function parseFile(value: unknown): ManifestFile {
  const { path, sha256, sizeBytes } = fieldsOf(value);
  if (typeof path !== 'string' || typeof sha256 !== 'string' || typeof sizeBytes !== 'number') {
    throw new UsageError('manifest.json: an entry of files is not usable');
  }
  return { path, sha256, sizeBytes };
}

function parseGap(value: unknown): ShownGap {
  const { job, instance, fromMs, toMs, reason, message, missedScrapes } = fieldsOf(value);
  const texts = [job, instance, reason, message];
  const isUsable =
    texts.every((text) => typeof text === 'string') &&
    typeof fromMs === 'number' &&
    (toMs === null || typeof toMs === 'number') &&
    typeof missedScrapes === 'number';
  if (!isUsable) throw new UsageError('manifest.json: an entry of gaps is not usable');
  return {
    ...{ job: String(job), instance: String(instance) },
    ...{ fromMs, toMs, missed: missedScrapes },
    ...{ reason: String(reason), message: String(message) },
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
