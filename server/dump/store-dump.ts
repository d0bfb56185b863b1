import type { DumpFilter, DumpPhase, DumpRedaction } from '../../api/index.ts';
import { aliasesKey, archiveKey } from '../share/index.ts';
import { buildArchive, type BuildParts, type BuiltArchive } from './build.ts';
import { aliasSecret, writeAliases } from './dump-aliases.ts';
import type { TimeRange } from './selection.ts';

/** One job to do. */
export interface StoreDumpRequest {
  id: string;
  requested: TimeRange;
  filter: DumpFilter | null;
  redaction: DumpRedaction;
  /** One sample per series and step of so many seconds; 0 for all. */
  stepSeconds: number;
  signal: AbortSignal;
  onProgress: (phase: DumpPhase, fraction: number) => void;
}

/**
 * Builds a dump straight into the file store and reads it back from there. It resolves only when the
 * file store holds every byte; after any error it holds none.
 */
export async function storeDump(
  parts: BuildParts,
  request: StoreDumpRequest,
): Promise<Omit<BuiltArchive, 'aliases'>> {
  const { id, redaction, signal, ...asked } = request;
  const { store } = parts;
  const key = archiveKey(id);
  try {
    const { aliases, ...archive } = await buildArchive(parts, {
      ...asked,
      id,
      jobId: id,
      aliasSecret: redaction === 'none' ? null : await aliasSecret(store, signal),
      maxArchiveBytes: Number.MAX_SAFE_INTEGER,
      take: async (bytes) => {
        await store.put(key, bytes, { signal });
      },
      readBack: async () => (await store.get(key, { signal })).body,
      signal,
    });
    if (aliases !== null) await writeAliases(store, id, aliases, signal);
    signal.throwIfAborted();
    return archive;
  } catch (error) {
    // What made it fail is told; a leftover is replaced or deleted with its job.
    for (const left of [key, aliasesKey(id)]) await store.delete(left).catch(() => undefined);
    throw error;
  }
}
