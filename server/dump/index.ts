export type { BuildParts } from './build.ts';
export { wholeContent, type DumpContent } from './content.ts';
export { DumpService, type DumpServiceOptions } from './dumps.ts';
export type { DumpArchive } from './stored-archive.ts';
export { parseFilter } from './filter.ts';
export { parseRedaction } from './dump-aliases.ts';
export { DumpError, type DumpErrorCode } from './errors.ts';
export type {
  CollectedFacts,
  DumpFacts,
  DumpThread,
  HeadSource,
  KvStore,
  LocalStorePort,
  ServerFacts,
} from './ports.ts';
export { SupportPacket, type SupportFile, type SupportPacketOptions } from './support-packet.ts';
