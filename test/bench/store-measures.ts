import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BlocksResult } from './blocks-child.ts';
import { BodyMaker, type BodyShape } from './body-maker.ts';
import { nextMessage, runChild, startChild } from './child.ts';
import type { ExporterReady } from './exporter-child.ts';
import type { FirstScrapeResult } from './first-scrape-child.ts';
import { goPeerName, measureGoLibrary } from './go-peer.ts';
import type { IngestResult } from './ingest-child.ts';
import { median, rounded, type Measure } from './measure.ts';
import { compareWithPromtool } from './promtool-block.ts';
import type { WeekResult } from './week-child.ts';

const none = { peer: null, peerName: null };
const withCollector = ['--expose-gc'];
const firstScrapes = 5;

/** The way of a sample from body to block, in processes of their own, and Prometheus' library. */
export async function measureStore(): Promise<Measure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'metrics-bench-'));
  const ingest = await runChild<IngestResult>('ingest', [], withCollector);
  const blocks = await runChild<BlocksResult>('blocks', [], withCollector);
  try {
    const go = await measureGoLibrary(new BodyMaker(1).many(128), directory);
    const size = await compareWithPromtool(blocks.blockDir, directory);
    const beside = (name: string, unit: string, ours: number, peer: number | undefined) =>
      peer === undefined
        ? { name, unit, ours: rounded(ours), ...none }
        : { name, unit, ours: rounded(ours), peer: rounded(peer), peerName: goPeerName };
    return [
      { ...beside('ingest-per-sample', 'ns', ingest.steadyNs, go?.ingestNs), goal: 110 },
      { name: 'churn', unit: 'ratio', ours: rounded(ingest.churnRatio), ...none, goal: 1.3 },
      {
        name: 'bytes-per-sample',
        unit: 'bytes',
        ours: rounded(size.ours),
        peer: rounded(size.peer),
        peerName: 'promtool 2.42',
        goal: 1,
      },
      { ...beside('block-cut', 'ms', blocks.cutMs, go?.cutMs), goal: 150 },
      { name: 'block-cut-slice', unit: 'ms', ours: rounded(blocks.cutSliceMs), ...none, goal: 20 },
      { ...beside('block-merge', 'ms', blocks.mergeMs, go?.mergeMs), goal: 250 },
      {
        ...beside('wal-replay', 'M samples/s', blocks.replayMSamples, go?.replayMSamples),
        goal: 6,
      },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
    await rm(dirname(dirname(blocks.blockDir)), { recursive: true, force: true });
  }
}

/** A target that nobody has seen before, in a process that has just started. */
export async function measureFirstScrape(): Promise<Measure[]> {
  const cpuMs: number[] = [];
  const sliceMs: number[] = [];
  const run = (what: string[]) => runChild<FirstScrapeResult>('first-scrape', what, withCollector);
  for (let i = 0; i < firstScrapes; i++) {
    cpuMs.push((await run([])).cpuMs);
    sliceMs.push((await run(['slices'])).longestSliceMs);
  }
  const ours = rounded(median(cpuMs));
  const slice = rounded(median(sliceMs));
  return [
    { name: 'first-scrape', unit: 'ms', ours, ...none, goal: 60 },
    { name: 'first-scrape-slice', unit: 'ms', ours: slice, ...none, goal: 20 },
  ];
}

/** 2,100 series: a hundred such targets stay below the cap of the head, and a body is not tiny. */
const scaleShape: BodyShape = { gauges: 18, counters: 122, apiSets: 60, storeSets: 80 };

export async function measureScale(): Promise<Measure> {
  const exporter = startChild('exporter', ['1', '64', JSON.stringify(scaleShape)]);
  try {
    const { ports } = await nextMessage<ExporterReady>(exporter);
    const { ratio } = await runChild<{ ratio: number }>('scale', ports.map(String), withCollector);
    return { name: 'scale-100-targets', unit: 'ratio', ours: rounded(ratio), ...none, goal: 1.2 };
  } finally {
    exporter.kill('SIGKILL');
  }
}

export async function measureSeriesMemory(): Promise<Measure> {
  const { bytesPerSeries } = await runChild<{ bytesPerSeries: number }>(
    'series-memory',
    [],
    withCollector,
  );
  const ours = rounded(bytesPerSeries);
  return { name: 'bytes-per-series', unit: 'bytes', ours, ...none, goal: 1200 };
}

export async function measureWeek(): Promise<Measure> {
  const { slope } = await runChild<WeekResult>('week', [], withCollector);
  return { name: 'memory-slope', unit: 'MB/day', ours: rounded(slope), ...none, goal: 1 };
}
