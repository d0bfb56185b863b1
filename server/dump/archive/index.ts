export { ArchiveMemory } from './archive-memory.ts';
export { ArchiveRoom, type ArchiveDisk } from './archive-room.ts';
export { ArchiveStream, type TakeArchive } from './archive-stream.ts';
export { aliasSecret, readAliases, writeAliases } from './dump-aliases.ts';
export { archiveFileName } from './file-name.ts';
export { openArchive, type DumpArchive } from './stored-archive.ts';
