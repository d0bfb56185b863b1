import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { DumpFilter, DumpPhase, DumpRedaction } from '../../api/index.ts';
import type { ObjectStore } from '../../lib/objectstore/index.ts';
import { aliasesKey, archiveKey } from '../share/index.ts';
import { buildArchive, type BuildParts, type BuiltArchive } from './build.ts';
import { aliasSecret, writeAliases } from './dump-aliases.ts';
import { DumpError } from './errors.ts';
import type { TimeRange } from './selection.ts';

/** One job to do. */
export interface StoreDumpRequest {
  id: string;
  requested: TimeRange;
  filter: DumpFilter | null;
  redaction: DumpRedaction;
  signal: AbortSignal;
  onProgress: (phase: DumpPhase, fraction: number) => void;
}

/** Part of the whole work at which storing begins, and at which reading back does. */
const storingAt = 0.9;
const verifyingAt = 0.96;

/**
 * Builds a dump, puts its archive into the file store and reads it back from there. It resolves only
 * when the file store holds every byte; after any error it holds none.
 */
export async function storeDump(
  parts: BuildParts,
  request: StoreDumpRequest,
): Promise<Omit<BuiltArchive, 'path' | 'aliases'>> {
  const { filter, id, onProgress, redaction, requested, signal } = request;
  const build = {
    id,
    jobId: id,
    requested,
    filter,
    aliasSecret: redaction === 'none' ? null : await aliasSecret(parts.store, signal),
    maxArchiveBytes: Number.MAX_SAFE_INTEGER,
    signal,
    onProgress: (phase: DumpPhase, fraction: number) => {
      onProgress(phase, fraction * storingAt);
    },
  };
  return await buildArchive(parts, build, async ({ aliases, path, ...archive }) => {
    const key = archiveKey(id);
    try {
      onProgress('storing', storingAt);
      if (aliases !== null) await writeAliases(parts.store, id, aliases, signal);
      const { sizeBytes } = archive;
      const body = readFile(path, (bytes) => {
        onProgress('storing', storingAt + ((verifyingAt - storingAt) * bytes) / sizeBytes);
      });
      await parts.store.put(key, body, { sizeBytes, signal });
      onProgress('storing', verifyingAt);
      await verifyArchive(parts.store, key, archive, signal);
      signal.throwIfAborted();
    } catch (error) {
      // What made it fail is told; a leftover is replaced or deleted with its job.
      for (const left of [key, aliasesKey(id)]) {
        await parts.store.delete(left).catch(() => undefined);
      }
      throw error;
    }
    return archive;
  });
}

/** The chunks of a file, telling how many bytes went by. */
async function* readFile(
  path: string,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  let bytes = 0;
  for await (const chunk of file as AsyncIterable<Uint8Array>) {
    yield chunk;
    onBytes((bytes += chunk.length));
  }
}

async function verifyArchive(
  store: ObjectStore,
  key: string,
  archive: { sizeBytes: number; sha256: string },
  signal: AbortSignal,
): Promise<void> {
  const sizeBytes = (await store.head(key))?.sizeBytes;
  if (sizeBytes !== archive.sizeBytes) throw notWhole(`it has ${String(sizeBytes)} bytes there`);
  const hash = createHash('sha256');
  const { body } = await store.get(key, { signal });
  for await (const chunk of body as AsyncIterable<Uint8Array>) hash.update(chunk);
  if (hash.digest('hex') !== archive.sha256) throw notWhole('its bytes are not those written');
}

function notWhole(detail: string): DumpError {
  const message =
    'The file store does not give back the archive that was written: check the file store.';
  return new DumpError('DUMP_VERIFY_FAILED', message, { detail });
}
