import type { DumpEstimate } from '../../../api/index.ts';
import { codeOf } from '../../../lib/runtime/index.ts';
import type { DumpContent, DumpCoverage, TimeRange } from '../selection/index.ts';
import { spaceMarginBytes } from '../limits.ts';
import { archiveTooLarge } from '../refusals.ts';

/** The disk that archives are kept on. */
export interface ArchiveDisk {
  /** Null when it cannot be told. */
  freeBytes: number | null;
  /** Whether temporary space is made on the same one. */
  isOfData: boolean;
}

/** What {@link ArchiveRoom} stands on. */
export interface ArchiveRoomOptions {
  /** Undefined where the file store is not a disk: nobody can tell what is free there. */
  archiveDisk?: (() => Promise<ArchiveDisk>) | undefined;
  coverage: DumpCoverage;
  /** Looks closer; may reject. */
  estimate: (range: TimeRange, content: DumpContent) => Promise<DumpEstimate>;
}

/** With so many times as much room as a rough guess says nobody needs to look closer. */
const roomyFactor = 4;

/** Tells before a dump is built whether its archive has room where it is going to be kept. */
export class ArchiveRoom {
  readonly #options: ArchiveRoomOptions;

  constructor(options: ArchiveRoomOptions) {
    this.#options = options;
  }

  /** Throws what says how much room is missing; looking closer takes a second, near the limit only. */
  async check(range: TimeRange, content: DumpContent): Promise<void> {
    const { archiveDisk, coverage, estimate } = this.#options;
    const disk = await archiveDisk?.();
    if (disk?.freeBytes === undefined || disk.freeBytes === null) return;
    const besideBytes = disk.isOfData ? coverage.neededBytes(range) : spaceMarginBytes;
    const leftBytes = Math.max(0, disk.freeBytes - besideBytes);
    if (leftBytes > roomyFactor * coverage.estimate(range).bytes) return;
    const bytes = await this.#closely(() => estimate(range, content));
    if (bytes > leftBytes) throw archiveTooLarge(bytes, leftBytes);
  }

  /** Who has too many questions to answer does not keep a dump from being made. */
  async #closely(estimate: () => Promise<DumpEstimate>): Promise<number> {
    try {
      return (await estimate()).bytes;
    } catch (error) {
      if (codeOf(error) === 'DUMP_BUSY') return 0;
      throw error;
    }
  }
}
