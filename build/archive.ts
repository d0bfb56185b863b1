import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { TarArchive } from 'archiver';

/** Level 9 takes three times as long for half a percent. */
const gzipLevel = 6;

/** One file that goes into an archive. */
interface Member {
  /** Path below the top directory. */
  name: string;
  executable: boolean;
}

/** A file that exists only inside the archive. */
export interface ExtraFile {
  name: string;
  content: string;
}

/**
 * Packs the files of `directory` that `includes` chooses into a tar.gz whose single top directory
 * is `top`. Order, owner, mode and time come from us alone, so that equal files give equal bytes.
 */
export async function packArchive(options: {
  directory: string;
  top: string;
  output: string;
  time: Date;
  extra: readonly ExtraFile[];
  includes: (name: string) => boolean;
}): Promise<void> {
  const members = (await listMembers(options.directory, '')).filter(({ name }) =>
    options.includes(name),
  );
  const tar = new TarArchive({});
  const written = pipeline(
    tar,
    createGzip({ level: gzipLevel }),
    createWriteStream(options.output),
  );
  for (const { name, content } of options.extra) {
    tar.append(content, { name: `${options.top}/${name}`, date: options.time, mode: 0o644 });
  }
  for (const member of members) {
    const path = `${options.directory}/${member.name}`;
    tar.append(createReadStream(path), {
      name: `${options.top}/${member.name}`,
      date: options.time,
      mode: member.executable ? 0o755 : 0o644,
      stats: await lstat(path),
    });
  }
  await tar.finalize();
  await written;
}

/** All regular files below `directory`, sorted; anything else is refused: a server skips links. */
async function listMembers(directory: string, below: string): Promise<Member[]> {
  const members: Member[] = [];
  for (const entry of (await readdir(`${directory}/${below}`)).sort()) {
    const name = `${below}${entry}`;
    const stats = await lstat(`${directory}/${name}`);
    if (stats.isDirectory()) {
      members.push(...(await listMembers(directory, `${name}/`)));
      continue;
    }
    if (!stats.isFile()) throw new Error(`${name} is neither a file nor a directory`);
    members.push({ name, executable: (stats.mode & 0o111) !== 0 });
  }
  return members;
}
