import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { admin } from '../conformance/bed.ts';
import { bridgeConfig } from '../conformance/check-versions.ts';
import { buildGoHost, GoHost } from '../conformance/go-host.ts';
import { packGoPlugin, packProbeExecutable } from './bridge-plugins.ts';
import { median, privateMemoryMb, rounded, type Measure } from './measure.ts';

const rounds = 7;
const requestsPerRound = 500;
const keysPerRound = 500;
const downloadBytes = 100_000_000;
/** How long an idle plugin is left alone before its memory is read. */
const idleMs = 20_000;

interface Figures {
  latencyMs: number[];
  throughputMBs: number[];
  keyMs: number[];
}

/** One plugin under its own supervisor. */
class Bridge {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #host: GoHost;
  readonly figures: Figures = { latencyMs: [], throughputMBs: [], keyMs: [] };
  pid = 0;

  constructor(host: GoHost) {
    this.#host = host;
  }

  static async start(directory: string, bundle: string): Promise<Bridge> {
    const host = await GoHost.start(directory, bundle, bridgeConfig);
    await host.control('POST', '/activate');
    const bridge = new Bridge(host);
    bridge.pid = (JSON.parse((await bridge.get('/seen')).toString()) as { pid: number }).pid;
    return bridge;
  }

  get(path: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agent, headers: { 'x-test-user': admin } };
      const outgoing = httpRequest(`${this.#host.pluginUrl}${path}`, options, (response) => {
        const pieces: Buffer[] = [];
        const keep = path.startsWith('/seen');
        response.on('data', (piece: Buffer) => keep && pieces.push(piece));
        response.on('end', () => resolve(Buffer.concat(pieces)));
        response.on('error', reject);
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  async round(): Promise<void> {
    const { latencyMs, throughputMBs, keyMs } = this.figures;
    const times: number[] = [];
    for (let i = 0; i < requestsPerRound; i++) times.push(await timed(() => this.get('/small')));
    latencyMs.push(median(times));
    const ms = await timed(() => this.get(`/download?size=${downloadBytes}`));
    throughputMBs.push(downloadBytes / 1e3 / ms);
    keyMs.push((await timed(() => this.get(`/kv-many?count=${keysPerRound}`))) / keysPerRound);
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    // In order: a plugin in Go outlives a host that is killed.
    await this.#host.quit();
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}

/** How fast our bridge is beside a plugin in Go that does the same, both under Mattermost's own supervisor. */
export async function measureBridge(): Promise<Measure[]> {
  return await withBridges(async (ours, go) => {
    // The first round warms up both.
    for (let i = 0; i <= rounds; i++) {
      await ours.round();
      await go.round();
    }
    return [
      compare('bridge-latency', 'ms', 2, ours.figures.latencyMs, go.figures.latencyMs),
      compare(
        'bridge-throughput',
        'MB/s',
        0.7,
        ours.figures.throughputMBs,
        go.figures.throughputMBs,
      ),
      compare('bridge-kv', 'ms', 1.5, ours.figures.keyMs, go.figures.keyMs),
    ];
  });
}

/** What both take in memory; while they are idle, something else may go on. */
export async function measureBridgeMemory(meanwhile: () => Promise<void>): Promise<Measure[]> {
  return await withBridges(async (ours, go) => {
    const reading = wait(idleMs).then(() =>
      Promise.all([privateMemoryMb(ours.pid), privateMemoryMb(go.pid)]),
    );
    const [idle] = await Promise.all([reading, meanwhile()]);
    // Everything was used once.
    await ours.round();
    await go.round();
    const growth = await Promise.all([growthMb(ours), growthMb(go)]);
    return [
      { ...beside('memory-idle', 'MB', ...idle), goal: 45 },
      { ...beside('bridge-growth', 'MB', ...growth), goal: 3 },
    ];
  });
}

/** Starts both, and stops them again. */
async function withBridges(
  use: (ours: Bridge, go: Bridge) => Promise<Measure[]>,
): Promise<Measure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'metrics-bridge-'));
  const bundles = [await packProbeExecutable(directory), await packGoPlugin(directory)];
  await buildGoHost();
  const bridges: Bridge[] = [];
  try {
    for (const [at, bundle] of bundles.entries()) {
      bridges.push(await Bridge.start(`${directory}/server-${at}`, bundle));
    }
    const [ours, go] = bridges as [Bridge, Bridge];
    return await use(ours, go);
  } finally {
    for (const bridge of bridges) await bridge.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What 10,000 requests leave in the process, after as many have gone before. */
async function growthMb(bridge: Bridge): Promise<number> {
  const readings: number[] = [];
  for (let turn = 0; turn < 2; turn++) {
    for (let i = 0; i < 10_000; i++) await bridge.get('/small');
    for (let i = 0; i < 3; i++) await bridge.get('/memory');
    await wait(2000);
    readings.push(await privateMemoryMb(bridge.pid));
  }
  return Math.max(0, (readings[1] ?? 0) - (readings[0] ?? 0));
}

function compare(name: string, unit: string, goal: number, ours: number[], go: number[]): Measure {
  return { ...beside(name, unit, median(ours.slice(1)), median(go.slice(1))), goal };
}

function beside(name: string, unit: string, ours: number, peer: number): Omit<Measure, 'goal'> {
  return { name, unit, ours: rounded(ours), peer: rounded(peer), peerName: 'Go plugin' };
}
