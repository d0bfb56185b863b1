import type { ArchiveWriter } from './archive-writer.ts';

/** Takes an archive as it is made; resolves with all of it, and rejects when it fails. */
export async function takeArchive(archive: ArchiveWriter): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await archive.read();
    if (chunk === undefined) return Buffer.concat(chunks);
    chunks.push(chunk);
  }
}
