import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startHost } from '../host/index.ts';
import { hostBundle, manifest } from '../packaging/built-bundle.ts';
import { busyServer } from './body-maker.ts';
import { nextMessage, startChild } from './child.ts';
import type { CollectorStatus, Question } from './collector-child.ts';
import type { ExporterReady, ServedBodies } from './exporter-child.ts';
import { median, privateMemoryMb, rounded, type Measure } from './measure.ts';
import { startPeer } from './peer.ts';
import { processCpuMs } from './process-cpu.ts';

const targets = 10;
/** First both get into their stride: engines compile, garbage collectors find their size. */
const warmMs = 30_000;
const windows = 8;
const windowMs = 5_000;
const memoryReadings = 20;
const peerName = 'Prometheus 2.42';

/** Ten targets with 5,837 series each at 1 s, collected by ours and by a Prometheus beside it. */
export async function measureManyTargets(): Promise<Measure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'metrics-bench-'));
  const baselineMb = await executableBaselineMb(directory);
  const exporter = startChild('exporter', [String(targets), '64', JSON.stringify(busyServer)]);
  const idle = startChild('collector', [`${directory}/idle`, '1000']);
  let ours: ChildProcess | undefined;
  let peer: Awaited<ReturnType<typeof startPeer>> | undefined;
  try {
    const [{ ports }] = await Promise.all([
      nextMessage<ExporterReady>(exporter),
      nextMessage(idle),
    ]);
    peer = await startPeer(`${directory}/prometheus`, ports);
    ours = startChild('collector', [`${directory}/ours`, '1000', ...ports.map(String)]);
    await nextMessage(ours);
    await wait(warmMs);
    // Measuring slices costs CPU time itself.
    await ask(ours, 'rest');
    const cpu = await cpuPerScrape(exporter, [ours.pid ?? 0, peer.child.pid ?? 0]);
    await ask(ours, 'watch');
    const memory = await readMemory([ours.pid ?? 0, idle.pid ?? 0, peer.child.pid ?? 0]);
    const [ourMb = 0, idleMb = 0, peerMb = 0] = memory;
    const { longestSliceMs } = await ask(ours, 'finish');
    return [
      { name: 'scrape-cpu', unit: 'ms', ...cpu, peerName, goal: 0.5 },
      {
        name: 'memory-58k-series',
        unit: 'MB',
        ours: rounded(baselineMb + ourMb - idleMb),
        peer: rounded(peerMb),
        peerName,
        goal: 0.66,
      },
      {
        name: 'slice',
        unit: 'ms',
        ours: rounded(longestSliceMs),
        peer: null,
        peerName: null,
        goal: 50,
      },
    ];
  } finally {
    for (const child of [exporter, idle, ours]) child?.kill('SIGKILL');
    await peer?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The shipped executable, active and with nothing to collect. */
async function executableBaselineMb(directory: string): Promise<number> {
  const host = await startHost({
    directory: `${directory}/server`,
    configuration: {
      MetricsSettings: { Enable: false },
      PluginSettings: { Plugins: { [manifest.id]: { enablenodeexportertargets: false } } },
    },
  });
  try {
    await host.installPlugin(hostBundle);
    await host.enable(manifest.id);
    await wait(3000);
    const [mb = 0] = await readMemory([host.active(manifest.id).process.pid], 5);
    await host.disable(manifest.id);
    return mb;
  } finally {
    await host.stop();
  }
}

/** CPU time per scrape of both in the same windows of time. */
async function cpuPerScrape(
  exporter: ChildProcess,
  pids: readonly [ours: number, peer: number],
): Promise<{ ours: number; peer: number }> {
  const ours: number[] = [];
  const peer: number[] = [];
  let before = await look(exporter, pids);
  for (let i = 0; i < windows; i++) {
    await wait(windowMs);
    const after = await look(exporter, pids);
    ours.push((after.ours.cpuMs - before.ours.cpuMs) / (after.ours.scrapes - before.ours.scrapes));
    peer.push((after.peer.cpuMs - before.peer.cpuMs) / (after.peer.scrapes - before.peer.scrapes));
    before = after;
  }
  return { ours: rounded(median(ours)), peer: rounded(median(peer)) };
}

async function look(exporter: ChildProcess, [ours, peer]: readonly [ours: number, peer: number]) {
  const answer = nextMessage<ServedBodies>(exporter);
  exporter.send('count');
  const served = await answer;
  return {
    ours: { scrapes: served['mattermost'] ?? 0, cpuMs: await processCpuMs(ours) },
    peer: { scrapes: served['Prometheus'] ?? 0, cpuMs: await processCpuMs(peer) },
  };
}

function ask(child: ChildProcess, question: Question): Promise<CollectorStatus> {
  const answer = nextMessage<CollectorStatus>(child);
  child.send(question);
  return answer;
}

/** Medians of the private memory of several processes at the same times. */
async function readMemory(pids: readonly number[], readings = memoryReadings): Promise<number[]> {
  const values: number[][] = pids.map(() => []);
  for (let i = 0; i < readings; i++) {
    for (const [at, pid] of pids.entries()) values[at]!.push(await privateMemoryMb(pid));
    await wait(250);
  }
  return values.map(median);
}
