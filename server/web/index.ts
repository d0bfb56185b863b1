export { createApp } from './app.ts';
export type { ArchiveSource, DumpDesk, WebServices } from './services.ts';
