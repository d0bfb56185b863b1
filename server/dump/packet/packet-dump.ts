import type { ApiError } from '../../../api/index.ts';
import { maxPacketBytes } from '../limits.ts';
import type { TimeRange } from '../selection/index.ts';

/** The dump inside a support packet, or why there is none. */
export interface PacketDump {
  /** The configured days up to the moment of asking. */
  asked: TimeRange;
  /** Most bytes that it may have. */
  budgetBytes: number;
  /** Undefined when there is none. */
  archive: PacketArchive | undefined;
  /** What it does not hold of what was asked for, and why, in sentences. */
  reductions: readonly string[];
  /** Why there is none. */
  failure: ApiError | undefined;
  tookMs: number;
}

/** An archive in memory. */
export interface PacketArchive {
  body: Uint8Array;
  /** What of the range was asked for in the end. */
  requested: TimeRange;
  /** Times of the first and the last sample. */
  actual: TimeRange;
  /** One sample per series and so many seconds; 0 for all. */
  stepSeconds: number;
  samples: number;
  series: number;
  warnings: readonly string[];
}

/** What a packet has when there is nothing to make a dump of. */
export function noPacketDump(asked: TimeRange, failure: ApiError): PacketDump {
  return {
    ...{ asked, failure, budgetBytes: maxPacketBytes },
    ...{ archive: undefined, reductions: [], tookMs: 0 },
  };
}
