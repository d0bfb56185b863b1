import type { Readable } from 'node:stream';
import type {
  Cardinality,
  Dump,
  DumpAliases,
  DumpChoices,
  DumpEstimate,
  DumpPreview,
  Status,
  SyncOutcome,
  Target,
} from '../../api/index.ts';
import type { DumpContent } from '../dump/index.ts';
import type { ReaderBook } from './authorize.ts';

/** An archive that can be sent: its facts, and a way to read a part of it. */
export interface ArchiveSource {
  fileName: string;
  sizeBytes: number;
  /** Strong validator without quotes: changes whenever the bytes do. */
  etag: string;
  /** Bytes `[start, end)`. The reader owns the stream and destroys it when it gives up. */
  open(range: { start: number; end: number }): Promise<Readable>;
}

/** The dumps, as the routes use them. Rejects with coded errors (`DUMP_…`). */
export interface DumpDesk {
  create(
    range: { fromMs: number; toMs: number },
    userId: string,
    content: DumpContent,
  ): Promise<Dump>;
  /** What stood in a redacted dump where its aliases stand. */
  aliases(id: string): Promise<DumpAliases>;
  list(): Promise<Dump[]>;
  get(id: string): Promise<Dump>;
  cancel(id: string, userId: string): Promise<Dump>;
  delete(id: string, userId: string): Promise<void>;
  /** Samples in the range, about: told at once, whatever blocks there are. */
  samplesIn(range: { fromMs: number; toMs: number }): Promise<number>;
  /** What a dump would probably be. */
  estimate(range: { fromMs: number; toMs: number }, content: DumpContent): Promise<DumpEstimate>;
  /** What a dump would give away. */
  preview(range: { fromMs: number; toMs: number }, content: DumpContent): Promise<DumpPreview>;
  /** What of the range a dump can be limited to. */
  choices(range: { fromMs: number; toMs: number }): Promise<DumpChoices>;
  archive(id: string): Promise<ArchiveSource>;
}

/** What the HTTP routes stand on. */
export interface WebServices {
  /** Status without the caller's rights, which the route adds. */
  status(): Promise<Omit<Status, 'can'>>;
  targets(): Promise<Target[]>;
  /** Undefined while it is not known, because nothing is collected. */
  cardinality(): Promise<Cardinality | undefined>;
  /** Copies to the file store what is not there yet, on whichever node it is. */
  syncNow(userId: string): Promise<SyncOutcome>;
  dumps: DumpDesk;
  /** Hears of everybody who asks; administrators need not be known. */
  readers: ReaderBook;
}
