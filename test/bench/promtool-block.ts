import { createWriteStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { run } from '../../build/command.ts';
import { decodeChunk, openBlock, SampleColumns } from '../../lib/tsdb/index.ts';

/** Bytes per sample of a block of ours, and of the block that promtool makes of its samples. */
export async function compareWithPromtool(
  blockDir: string,
  directory: string,
): Promise<{ ours: number; peer: number }> {
  const text = join(directory, 'samples.om');
  const samples = await writeOpenMetrics(blockDir, text);
  const output = join(directory, 'promtool');
  await run('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', text, output]);
  const blocks = readdirSync(output).filter((name) => name.length === 26);
  const peerBytes = blocks.reduce((sum, name) => sum + bytesBelow(join(output, name)), 0);
  if (blocks.length !== 1) throw new Error(`promtool made ${blocks.length} blocks`);
  return { ours: bytesBelow(blockDir) / samples, peer: peerBytes / samples };
}

/** Writes every sample of a block as OpenMetrics text; returns how many there are. */
async function writeOpenMetrics(blockDir: string, path: string): Promise<number> {
  const block = openBlock(blockDir);
  const file = createWriteStream(path);
  const columns = new SampleColumns();
  const halves = new Uint32Array(2);
  const double = new Float64Array(halves.buffer);
  let samples = 0;
  for (const { labels, chunks } of block.series()) {
    columns.clear();
    for (const chunk of chunks) decodeChunk(block.chunk(chunk).data, columns);
    const series = seriesText(labels);
    const lines: string[] = [];
    for (let at = 0; at < columns.count; at++) {
      halves.set([columns.lo[at]!, columns.hi[at]!]);
      lines.push(
        `${series} ${String(double[0])} ${((columns.times[at] ?? 0) / 1000).toFixed(3)}\n`,
      );
    }
    samples += columns.count;
    if (!file.write(lines.join(''))) await once(file, 'drain');
  }
  block.close();
  file.end('# EOF\n');
  await once(file, 'close');
  return samples;
}

function seriesText(labels: readonly string[]): string {
  const pairs: string[] = [];
  let name = '';
  for (let at = 0; at < labels.length; at += 2) {
    if (labels[at] === '__name__') name = labels[at + 1] ?? '';
    else pairs.push(`${labels[at] ?? ''}=${JSON.stringify(labels[at + 1])}`);
  }
  return `${name}{${pairs.join(',')}}`;
}

function bytesBelow(directory: string): number {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
