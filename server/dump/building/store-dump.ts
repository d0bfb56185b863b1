import type { DumpFilter, DumpPhase, DumpRedaction } from '../../../api/index.ts';
import type { Clock } from '../../../lib/runtime/index.ts';
import { aliasesKey, archiveKey } from '../../share/index.ts';
import { buildArchive, type BuiltArchive } from './build.ts';
import type { BuildParts } from './build-parts.ts';
import { aliasSecret, writeAliases } from '../archive/index.ts';
import type { TimeRange } from '../selection/index.ts';

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
        const held = new HeldTime(parts.clock);
        await store.put(key, held.through(bytes), { signal });
        parts.storePace?.put(held.bytes, held.endMs());
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

/** How long who takes bytes holds up who gives them. */
class HeldTime {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #heldMs = 0;
  #givenAtMs = 0;
  bytes = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  async *through(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of pieces) {
      this.bytes += piece.length;
      this.#givenAtMs = this.#clock.monotonicMs();
      yield piece;
      this.#heldMs += this.#clock.monotonicMs() - this.#givenAtMs;
    }
    this.#givenAtMs = this.#clock.monotonicMs();
  }

  /** With what was to do behind the last byte. */
  endMs(): number {
    return this.#heldMs + this.#clock.monotonicMs() - this.#givenAtMs;
  }
}
