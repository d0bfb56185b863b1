import {
  say,
  type DumpFilter,
  type DumpRedaction,
  type Gap,
  type KnownSentence,
  type Sentence,
  type Target,
} from '../../../api/index.ts';
import { maxManifestChanges, maxManifestFamilies, maxManifestGaps } from '../limits.ts';
import type {
  CollectedFacts,
  LicenseFacts,
  MetricFacts,
  NodeFacts,
  ServerFacts,
} from '../ports.ts';
import type { TimeRange } from '../selection/index.ts';
import type { PackedBlock, PackedFile } from '../packing/index.ts';

/** Reason of a gap in the ledger; see docs/format/gap-ledger.md. */
const collectorChangedReason = 'COLLECTOR_CHANGED';

/** `manifest.json` of a dump; the schema is drawn in docs/format/manifest.md. */
export interface Manifest {
  format: 'mattermost-metrics-dump';
  formatVersion: 1;
  createdAtMs: number;
  /** Job that built it; empty for a support packet. */
  jobId: string;
  node: string;
  versions: { plugin: string; server: string };
  server: { id: string; licenseId: string };
  /** Null when the server has none. */
  license: LicenseFacts | null;
  /** What was known of the nodes of the cluster when the dump was built. */
  nodes: readonly NodeFacts[];
  /** Time zone of the node that built it, an IANA name. All times in dumps are UTC. */
  timeZone: string;
  /** `requested` is half-open, `actual` holds the times of the first and last sample. */
  range: { requested: TimeRange; actual: TimeRange };
  /** Which series were asked for; null when all were. */
  filtered: DumpFilter | null;
  /** One sample per series and step is in it; null when every sample is. */
  thinned: { stepSeconds: number } | null;
  /** What stands as aliases in it; their list is beside the archive, not inside. */
  redacted: DumpRedaction;
  samples: number;
  series: number;
  targets: Omit<Target, 'gaps' | 'recent'>[];
  gaps: Gap[];
  /** When another node began to collect, oldest first. */
  collectorChanges: CollectorChange[];
  /** HELP, TYPE and UNIT by metric family; more than one entry where targets differ. */
  metadata: Record<string, readonly MetricFacts[]>;
  blocks: PackedBlock[];
  /** Every file of the archive except this one. */
  files: PackedFile[];
  warnings: string[];
}

/** Another node began to collect: without data from one time to the other at most. */
export interface CollectorChange {
  fromMs: number;
  toMs: number | null;
  message: string;
}

/** What is known of a dump when its blocks are packed. */
export interface ManifestParts {
  jobId: string;
  node: string;
  createdAtMs: number;
  timeZone: string;
  requested: TimeRange;
  actual: TimeRange;
  filtered: DumpFilter | null;
  thinned: { stepSeconds: number } | null;
  redacted: DumpRedaction;
  samples: number;
  series: number;
  blocks: PackedBlock[];
  warnings: string[];
}

/** The manifest without the list of files, which the packer knows. */
export function manifestOf(
  parts: ManifestParts,
  server: ServerFacts,
  plugin: { pluginVersion: string; nodes: readonly NodeFacts[] },
  collected: CollectedFacts,
): Omit<Manifest, 'files'> {
  const { requested, actual } = parts;
  const { gaps, targets } = collected;
  const families = Object.entries(collected.metadata);
  return {
    format: 'mattermost-metrics-dump',
    formatVersion: 1,
    createdAtMs: parts.createdAtMs,
    jobId: parts.jobId,
    node: parts.node,
    versions: { plugin: plugin.pluginVersion, server: server.serverVersion },
    server: { id: server.serverId, licenseId: server.licenseId },
    license: server.license,
    nodes: plugin.nodes,
    timeZone: parts.timeZone,
    range: { requested, actual },
    filtered: parts.filtered,
    thinned: parts.thinned,
    redacted: parts.redacted,
    samples: parts.samples,
    series: parts.series,
    targets: targets.map(inManifest),
    gaps: gaps.slice(0, maxManifestGaps).map(inEnglishAlone),
    collectorChanges: collectorChanges(gaps),
    metadata: Object.fromEntries(families.slice(0, maxManifestFamilies)),
    blocks: parts.blocks,
    warnings: parts.warnings,
  };
}

/** What of the collected facts could not be had, or is too much to be listed. */
export function collectedWarnings({ gaps, metadata, warnings }: CollectedFacts): KnownSentence[] {
  const told = [...warnings];
  if (gaps.length > maxManifestGaps) {
    told.push(say('note.gaps-cut', { keptCount: maxManifestGaps, gapCount: gaps.length }));
  }
  const familyCount = Object.keys(metadata).length;
  if (familyCount > maxManifestFamilies) {
    told.push(say('note.families-cut', { keptCount: maxManifestFamilies, familyCount }));
  }
  return told;
}

/** Gaps that a change of the collecting node left, one per target, as the changes that they are. */
function collectorChanges(gaps: readonly Gap[]): CollectorChange[] {
  const changes: CollectorChange[] = [];
  const left = gaps.filter(({ reason }) => reason === collectorChangedReason);
  for (const { fromMs, toMs, message } of left.sort((a, b) => a.fromMs - b.fromMs)) {
    const last = changes.at(-1);
    // Targets have their own rhythm: what overlaps is one change.
    if (last !== undefined && (last.toMs === null || fromMs < last.toMs)) {
      last.toMs = last.toMs === null || toMs === null ? null : Math.max(last.toMs, toMs);
    } else changes.push({ fromMs, toMs, message });
  }
  return changes.slice(-maxManifestChanges);
}

/** The console's history, and what it makes other languages of, say nothing more to readers of files. */
function inManifest({ gaps: _gaps, recent: _recent, lastError, ...target }: Target) {
  return { ...target, lastError: lastError && inEnglishAlone(lastError) };
}

function inEnglishAlone<T extends { sentence?: Sentence }>({ sentence: _sentence, ...told }: T) {
  return told;
}
