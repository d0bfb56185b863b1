export type { DumpArchive } from './archive/index.ts';
export type { BuildParts } from './building/index.ts';
export { DumpService, type DumpServiceOptions } from './dumps.ts';
export { DumpError, type DumpErrorCode } from './errors.ts';
export {
  noPacketDump,
  SupportPacket,
  type PacketDump,
  type SupportPacketOptions,
} from './packet/index.ts';
export type {
  CollectedFacts,
  DumpFacts,
  DumpThread,
  HeadSource,
  KvStore,
  LicenseFacts,
  LocalStorePort,
  ServerFacts,
} from './ports.ts';
export { parseContent, wholeContent, type DumpContent, type TimeRange } from './selection/index.ts';
