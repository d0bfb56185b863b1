import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dump } from '../../api/index.ts';
import { run } from '../../build/command.ts';
import { blocksIn, unpackArchive } from '../conformance/dump-archive.ts';
import type { Host } from '../host/index.ts';
import { manifest } from '../packaging/built-bundle.ts';
import { runChild } from './child.ts';
import { dumpOnce, removeDump, startDay, type DayHost, type DumpRun } from './day-host.ts';
import { lastWindowEndMs } from './day-store.ts';
import { measureEstimates } from './dump-estimates.ts';
import { measureSupportPacket } from './dump-packet.ts';
import { median, privateMemoryMb, rounded, type Measure } from './measure.ts';

const hourMs = 3_600_000;
const runs = 3;
/** Rest is so many readings, one after another and so far apart, that differ by no more than so much. */
const restReadings = 3;
const restPeriodMs = 5_000;
const restSpreadMb = 1;
const maxRestReadings = 18;
const storePath = 'server/mattermost-plugin-metrics/data';

/** The store of a day on disk. */
interface DayStore {
  /** The host's, with the store below it. */
  directory: string;
  endMs: number;
}

/**
 * A dump of 24 hours of three servers with 11,000 series each at 15 s, of 26 hours that are there, beside
 * tar over the same blocks; what the dump costs the plugin's process in memory; what estimates of dumps are
 * worth; and a support packet over all of it.
 */
export class DayDump {
  #store: Promise<DayStore> | undefined;

  /** Writes the store, once: half a minute of one processor, in which nothing is measured. */
  prepare(): Promise<DayStore> {
    return (this.#store ??= writeStore());
  }

  async measure(): Promise<Measure[]> {
    const { directory, endMs } = await this.prepare();
    try {
      const day = await startDay(directory, endMs);
      try {
        return [
          ...(await measureRuns(day, directory)),
          ...(await measureEstimates(day)),
          ...(await measureSupportPacket(day)),
        ];
      } finally {
        await day.host.stop();
        await day.exporter.close();
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

async function writeStore(): Promise<DayStore> {
  const directory = await mkdtemp(join(tmpdir(), 'day-dump-'));
  const endMs = lastWindowEndMs(Date.now());
  const store = join(directory, storePath);
  await mkdir(store, { recursive: true });
  await runChild('day-store', [store, String(endMs)]);
  return { directory, endMs };
}

async function measureRuns(day: DayHost, directory: string): Promise<Measure[]> {
  const pid = day.host.active(manifest.id).process.pid;
  const restMb = await restingMb(pid);
  const ours: DumpRun[] = [];
  const peer: { seconds: number; bytes: number }[] = [];
  let strongSeconds = NaN;
  for (let i = 0; i < runs; i++) {
    ours.push(await dumpOnce(day, pid, { from: day.endMs - 24 * hourMs, to: day.endMs }));
    const blocks =
      i === 0 ? await unpackBlocks(day, directory, ours[0]!.dump) : `${directory}/dump`;
    await removeDump(day, ours[i]!.dump);
    peer.push(await tarOnce(blocks, 'gzip -1'));
    // A line for people: the figure is beside the level that dumps have.
    if (i === 0) strongSeconds = (await tarOnce(blocks, 'gzip')).seconds;
  }
  await day.host.disable(manifest.id);
  const seconds = ours.map((each) => each.seconds);
  const grown = ours.map(({ highestMb }) => highestMb - restMb);
  console.log(
    `# dump-24h: ${String(ours[0]?.dump.samples)} samples, runs ${seconds.map(rounded).join(', ')} s; tar with gzip -1 ${peer.map((each) => rounded(each.seconds)).join(', ')} s, with gzip -6 ${rounded(strongSeconds)} s; grown by ${grown.map(rounded).join(', ')} MB`,
  );
  const peerName = 'tar, gzip -1';
  const none = { peer: null, peerName: null };
  return [
    {
      name: 'dump-24h',
      unit: 's',
      ours: rounded(median(seconds)),
      peer: rounded(median(peer.map((each) => each.seconds))),
      peerName,
      goal: 2,
    },
    {
      name: 'dump-bytes',
      unit: 'MB',
      ours: rounded(median(ours.map(({ dump }) => (dump.sizeBytes ?? 0) / 1e6))),
      peer: rounded(median(peer.map(({ bytes }) => bytes / 1e6))),
      peerName,
      goal: 1.05,
    },
    { name: 'dump-memory', unit: 'MB', ours: rounded(Math.max(...grown)), ...none, goal: 64 },
    { name: 'dump-slice', unit: 'ms', ours: longestSlice(day.host), ...none, goal: 50 },
  ];
}

/** What memory has come down to: the copying has just ended, and the engine keeps freed pages for 8 s. */
async function restingMb(pid: number): Promise<number> {
  const readings: number[] = [];
  for (;;) {
    readings.push(await privateMemoryMb(pid));
    const last = readings.slice(-restReadings);
    const spreadMb = Math.max(...last) - Math.min(...last);
    const isSteady = last.length === restReadings && spreadMb <= restSpreadMb;
    if (isSteady || readings.length === maxRestReadings) {
      console.log(`# dump-memory: at rest ${readings.map(rounded).join(', ')} MB`);
      return median(last);
    }
    await wait(restPeriodMs);
  }
}

/** The blocks of a dump in a directory, for the peer. */
async function unpackBlocks(day: DayHost, directory: string, dump: Dump): Promise<string> {
  const archive = join(directory, 'dump.tar.gz');
  const path = `/api/v1/dumps/${dump.id}/archive`;
  const response = await day.host.request(manifest.id, path, day.login);
  await writeFile(archive, response.body ?? '');
  await unpackArchive(archive, join(directory, 'dump'));
  await rm(archive);
  return join(directory, 'dump');
}

/** Packs the blocks to a file as a shell would. */
async function tarOnce(
  directory: string,
  compressor: string,
): Promise<{ seconds: number; bytes: number }> {
  const archive = `${directory}.peer.tar.gz`;
  const blocks = await blocksIn(directory);
  const startedMs = performance.now();
  await run('tar', ['-I', compressor, '-cf', archive, '-C', directory, ...blocks]);
  const seconds = (performance.now() - startedMs) / 1000;
  const { size: bytes } = await stat(archive);
  await rm(archive);
  return { seconds, bytes };
}

/** The plugin measures itself and says the figure when it stops. */
function longestSlice(host: Host): number {
  const line = host.logs.findLast(({ message }) => message.startsWith('Longest main-thread slice'));
  const milliseconds = line?.fields['milliseconds'];
  if (milliseconds === undefined) throw new Error('the plugin did not say its longest slice');
  return Number(milliseconds);
}
