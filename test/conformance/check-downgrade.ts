import { cp, glob, mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goProgram, root, run } from '../../build/command.ts';
import { holds, same, type Bed } from './bed.ts';
import { promtoolDump } from './dump-archive.ts';

const source = fileURLToPath(new URL('go-plugin/', import.meta.url));
const binary = `${root}.cache/conformance/go-plugin`;

/** What the Go plugin's storage engine reads of a directory. */
interface Findings {
  blocks: number;
  series: number;
  samples: number;
  /** Lines of its log that warn or tell of an error. */
  log: string[];
}

/** Builds the reader; takes a minute of processor time, so it is started early and awaited late. */
export async function buildGoPluginReader(): Promise<void> {
  await mkdir(`${root}.cache/conformance`, { recursive: true });
  await run(goProgram, ['build', '-o', binary, '.'], { cwd: source });
}

/**
 * Back to the Go plugin 0.7.0: the engine that it embeds reads what we leave in the data directory
 * and in the file store. Works on copies of what the other checks left behind.
 */
export async function checkDowngrade(
  { checks, directory, host }: Pick<Bed, 'checks' | 'directory' | 'host'>,
  build: Promise<void>,
): Promise<void> {
  await checks.check('the reader of the Go plugin builds', () => build);
  await checks.check("the Go plugin's engine reads our data directory whole", async () => {
    const copy = `${directory}/downgrade-data`;
    await cp(`${host.directory}/mattermost-plugin-metrics/data`, copy, { recursive: true });
    const samples = await promtoolDump(copy, `${copy}.txt`);
    const found = await read('collect', copy);
    holds(samples.length > 0, 'there is something to read');
    same(found.samples, samples.length, 'samples');
    same(found.log.join('\n'), '', 'warnings');
    console.log(`# ${found.samples} samples of ${found.series} series`);
  });
  await checks.check("the Go plugin's engine dumps the blocks of our file store", async () => {
    const copy = `${directory}/downgrade-blocks`;
    const blocks = await copyBlocks(directory, copy);
    holds(blocks > 0, 'there are blocks to read');
    const samples = await promtoolDump(copy, `${copy}.txt`);
    const found = await read('dump', copy);
    same(found.samples, samples.length, 'samples');
    // Of handovers, in which two nodes scrape for a moment.
    const warnings = found.log.filter((line) => !line.includes('Overlapping blocks found'));
    same(warnings.join('\n'), '', 'warnings');
    console.log(`# ${blocks} blocks, compacted to ${found.blocks}: ${found.samples} samples`);
  });
}

/** Copies the blocks of the cluster's bucket, as the Go plugin does before it makes a dump. */
async function copyBlocks(directory: string, into: string): Promise<number> {
  // promtool wants a log, be it empty.
  await mkdir(`${into}/wal`, { recursive: true });
  let blocks = 0;
  for await (const meta of glob(
    'cluster/**/plugin-data/mattermost-plugin-metrics/data/*/meta.json',
    {
      cwd: directory,
    },
  )) {
    const block = dirname(meta);
    await cp(`${directory}/${block}`, `${into}/${basename(block)}`, { recursive: true });
    blocks++;
  }
  return blocks;
}

async function read(mode: 'collect' | 'dump', directory: string): Promise<Findings> {
  return JSON.parse(await run(binary, [mode, directory])) as Findings;
}
