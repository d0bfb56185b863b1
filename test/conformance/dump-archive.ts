import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { cp, mkdir, readFile, readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { run } from '../../build/command.ts';

/** One sample as promtool prints it. */
export interface PrintedSample {
  labels: Map<string, string>;
  value: number;
  timeMs: number;
}

/** Writes the body of `response` to `path` as it comes. */
export async function saveBody(response: Response, path: string): Promise<void> {
  if (response.body === null) throw new Error('the answer has no body');
  await pipeline(Readable.fromWeb(response.body), createWriteStream(path));
}

/** Lower-case hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Unpacks an archive as a support engineer does. */
export async function unpackArchive(archive: string, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await run('tar', ['-xzf', archive, '-C', directory]);
}

/** How a support engineer may unpack an archive besides by GNU tar, each into an empty directory. */
export const otherUnpackers: Readonly<
  Record<string, (archive: string, directory: string) => Promise<string>>
> = {
  bsdtar: (archive, directory) => run('bsdtar', ['-xzf', archive, '-C', directory]),
  "Python's strict extraction": (archive, directory) => {
    const script = fileURLToPath(new URL('strict-unpack.py', import.meta.url));
    return run('python3', [script, archive, directory]);
  },
};

/** Names of the blocks directly below `directory`. */
export async function blocksIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(name));
}

/** Compares every file with the hash that manifest.json gives; returns how many there were. */
export async function checkManifestHashes(directory: string): Promise<number> {
  const manifest = JSON.parse(await readFile(`${directory}/manifest.json`, 'utf8')) as {
    files: { path: string; sha256: string }[];
  };
  for (const { path, sha256 } of manifest.files) {
    const found = await sha256Of(`${directory}/${path}`);
    if (found !== sha256) throw new Error(`${path}: sha256 ${found}, manifest.json says ${sha256}`);
  }
  return manifest.files.length;
}

/** `promtool tsdb list`: a line for each block. */
export async function promtoolList(directory: string): Promise<string[]> {
  const lines = (await run('promtool', ['tsdb', 'list', directory])).trim().split('\n');
  return lines.filter((line) => /^[0-9A-HJKMNP-TV-Z]{26} /.test(line));
}

/** `promtool tsdb analyze` of one block, on a copy because it leaves files behind. */
export async function promtoolAnalyze(directory: string, block: string): Promise<string> {
  const copy = `${directory}-analyze`;
  await cp(directory, copy, { recursive: true });
  return run('promtool', ['tsdb', 'analyze', copy, block]);
}

/** `promtool tsdb dump`: every sample of every block, or of the series that match alone. */
export async function promtoolDump(
  directory: string,
  output: string,
  match = '{__name__=~".+"}',
): Promise<PrintedSample[]> {
  const script = 'promtool tsdb dump --match="$3" "$1" > "$2"';
  await run('sh', ['-c', script, 'sh', directory, output, match]);
  const text = await readFile(output, 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map(parsePrintedSample);
}

function parsePrintedSample(line: string): PrintedSample {
  const end = line.lastIndexOf('} ');
  const [value, time] = line.slice(end + 2).split(' ');
  const labels = new Map<string, string>();
  for (const [, name, quoted] of line
    .slice(0, end + 1)
    .matchAll(/([a-zA-Z_]\w*)=("(?:[^"\\]|\\.)*")/g)) {
    labels.set(String(name), JSON.parse(String(quoted)) as string);
  }
  return { labels, value: parseGoFloat(String(value)), timeMs: Number(time) };
}

/** A value as Go prints it. */
export function parseGoFloat(text: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  return Number(text);
}
