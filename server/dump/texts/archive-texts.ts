import { inEnglish, type DumpFilter, type KnownSentence } from '../../../api/index.ts';
import type { DumpContent, TimeRange } from '../selection/index.ts';
import { collectedWarnings, manifestOf, type Manifest } from './manifest.ts';
import { packetMetadata } from './packet-metadata.ts';
import type { DumpFacts } from '../ports.ts';
import { dumpReadme } from './readme.ts';
import { viewerFiles, type TextFile } from '../viewer/index.ts';
import type { PackedBlock } from '../packing/index.ts';

/** Who makes an archive. */
export interface TextSources {
  facts: DumpFacts;
  pluginId: string;
  node: string;
}

/** What is known of an archive when its blocks are packed. */
export interface PackedFacts {
  jobId: string;
  createdAtMs: number;
  requested: TimeRange;
  actual: TimeRange;
  /** Longest time between two scrapes, as a rule; that of the setting where nothing tells it. */
  intervalMs?: number | null;
  content: DumpContent;
  samples: number;
  series: number;
  blocks: PackedBlock[];
  warnings: readonly KnownSentence[];
  /** What the manifest warns of besides. */
  notes?: readonly string[];
}

/** What stands beside the blocks. */
export interface ArchiveTexts {
  /** As the texts have it. */
  serverName: string;
  /** Without the list of files, which the packer knows. */
  manifest: Omit<Manifest, 'files'>;
  texts: TextFile[];
  /** All but the notes, as they stand in the manifest. */
  warnings: KnownSentence[];
}

/** Writes the texts of an archive; `alias` tells what stands for the name of a host in them. */
export async function archiveTexts(
  { facts, node, pluginId }: TextSources,
  { content, intervalMs, ...packed }: PackedFacts,
  alias: (host: string) => Promise<string>,
): Promise<ArchiveTexts> {
  const { actual, createdAtMs, requested } = packed;
  const { filter, redaction, stepSeconds } = content;
  const { pluginVersion } = facts;
  const server = await facts.server();
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const thinned = stepSeconds === 0 ? null : { stepSeconds };
  const changes = { filtered: filter, redacted: redaction, thinned };
  const collected = await facts.collected(requested);
  const warnings = [...packed.warnings, ...collectedWarnings(collected)];
  const notes = [...(packed.notes ?? []), ...warnings.map(inEnglish)];
  const manifest = manifestOf(
    { ...packed, ...changes, node, timeZone, warnings: notes },
    server,
    { pluginVersion, nodes: facts.nodes() },
    collected,
  );
  const packet = { server, generatedAtMs: createdAtMs, pluginId, pluginVersion };
  const serverName = await alias(server.serverName);
  const told = { ...changes, filtered: filter === null ? null : await aliased(filter, alias) };
  const scrapeIntervalSeconds = Math.max(
    ...[stepSeconds, 1, Math.round((intervalMs ?? facts.scrapeIntervalMs()) / 1000)],
  );
  const texts = [
    { path: 'metadata.yaml', content: packetMetadata({ ...packet, requested, actual }) },
    {
      path: 'README.md',
      content: dumpReadme({ serverName, actual, scrapeIntervalSeconds, ...told, warnings: notes }),
    },
    ...viewerFiles({ serverName, actual, scrapeIntervalSeconds }),
  ];
  return { serverName, manifest, texts, warnings };
}

async function aliased(
  filter: DumpFilter,
  alias: (host: string) => Promise<string>,
): Promise<DumpFilter> {
  return { ...filter, nodes: await Promise.all(filter.nodes.map((name) => alias(name))) };
}
