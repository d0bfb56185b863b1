import type { Readable } from 'node:stream';
import { say, type Dump } from '../../../api/index.ts';
import type { ObjectStore } from '../../../lib/objectstore/index.ts';
import { archiveKey } from '../../share/index.ts';
import { DumpError, toDumpError } from '../errors.ts';

/** An archive that can be sent; `etag` is without quotes. */
export interface DumpArchive {
  fileName: string;
  sizeBytes: number;
  etag: string;
  /** Bytes `[start, end)`; the reader owns the stream. */
  open(range: { start: number; end: number }): Promise<Readable>;
}

/** The archive of a dump in the file store, if it is ready and still there. */
export async function openArchive(store: ObjectStore, dump: Dump): Promise<DumpArchive> {
  if (dump.state !== 'ready') throw notReady(dump);
  const key = archiveKey(dump.id);
  const head = await store.head(key).catch((cause: unknown) => {
    throw toDumpError(cause);
  });
  if (head === undefined || head.sizeBytes !== dump.sizeBytes) {
    throw new DumpError('DUMP_ARCHIVE_MISSING', say('dump.archive-gone'));
  }
  return {
    fileName: dump.fileName,
    sizeBytes: head.sizeBytes,
    // Archives of the Go plugin have no known hash; they never change either.
    etag: dump.sha256 === '' ? `${dump.id}-${String(head.sizeBytes)}` : dump.sha256,
    open: async (range) => (await store.get(key, { range })).body,
  };
}

function notReady(dump: Dump): DumpError {
  const isActive = dump.state === 'queued' || dump.state === 'running';
  const sentence = say(isActive ? 'dump.not-ready' : 'dump.no-archive');
  return new DumpError('DUMP_NOT_READY', sentence, { detail: dump.state });
}
