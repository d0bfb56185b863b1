export type { BuildParts } from './build.ts';
export { parseContent, wholeContent, type DumpContent } from './content.ts';
export { DumpService, type DumpServiceOptions } from './dumps.ts';
export type { DumpArchive } from './stored-archive.ts';
export { DumpError, type DumpErrorCode } from './errors.ts';
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
export { noPacketDump, type PacketDump } from './packet-dump.ts';
export type { TimeRange } from './selection.ts';
export { SupportPacket, type SupportPacketOptions } from './support-packet.ts';
