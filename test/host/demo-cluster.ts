import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../lib/runtime/index.ts';
import { startClusterPage } from './cluster-page.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { Cluster } from './index.ts';
import {
  demoDirectory,
  demoSeconds,
  download,
  enablePlugin,
  isOnce,
  makeDump,
  pluginId,
  printMemory,
  startDemoExporter,
  startDemoNode,
  statusOf,
  stopDemoNode,
  untilStopped,
  uploadPlugin,
  type DemoNode,
} from './demo-node.ts';

const pollMs = 50;
const agreementMs = 20_000;
const takeoverMs = 25_000;

/** Stand-ins that share a database, keys, events and a file store; each has an address of its own. */
export async function runClusterDemo(count: number): Promise<void> {
  const nodes = await startNodes(count);
  const watch = new ClusterWatch(nodes);
  try {
    for (const node of nodes) await uploadPlugin(node);
    const activatedMs = performance.now();
    await Promise.all(nodes.map(enablePlugin));
    await until('one node collects, the others listen', agreementMs, () => watch.hasAgreed());
    const tookMs = performance.now() - activatedMs;
    console.log(
      `activation to one collector: ${tookMs.toFixed(0)} ms (${watch.collector()?.name ?? ''})`,
    );
    if (isOnce) await runOnce(nodes, watch);
    else {
      const page = await startClusterPage(nodes, watch, Number(process.env['PORT'] ?? 0));
      console.log(`\nCluster: ${page.url}`);
      await untilStopped();
      await page.close();
    }
  } finally {
    await watch.stop();
    await Promise.all(nodes.map(stopDemoNode));
  }
}

async function startNodes(count: number): Promise<DemoNode[]> {
  await rm(`${demoDirectory}/cluster`, { recursive: true, force: true });
  const cluster = new Cluster(systemClock);
  const nodes: DemoNode[] = [];
  let port = 0;
  for (let number = 1; number <= count; number++) {
    const name = `127.0.0.${String(number)}`;
    // One port for all, as the configuration that they share says.
    const exporter = await startDemoExporter(name, port);
    ({ port } = exporter);
    const directory = `${demoDirectory}/cluster/${name}`;
    const place = { cluster, hostname: name };
    const fileDirectory = `${demoDirectory}/cluster/files`;
    nodes.push(await startDemoNode({ name, directory, exporter, place, fileDirectory }));
  }
  return nodes;
}

/** Collects, makes a dump on a listener, kills the collector, waits for the next one, makes another. */
async function runOnce(nodes: DemoNode[], watch: ClusterWatch): Promise<void> {
  await wait(demoSeconds * 1000);
  const killed = watch.collector();
  if (killed === undefined) throw new Error('no node collects');
  await dumpOnListener(nodes, killed);
  const next = await killAndWait(nodes, watch, killed);
  await dumpOnListener(
    nodes.filter((node) => node !== killed),
    next,
  );
  for (const node of nodes) if (node !== killed) await printMemory(node);
}

/** Returns the node that collects then. */
async function killAndWait(
  nodes: DemoNode[],
  watch: ClusterWatch,
  killed: DemoNode,
): Promise<DemoNode> {
  const { newestSampleMs: lastMs } = await statusOf(killed);
  const killedMs = performance.now();
  const firstScrape = nextScrape(nodes);
  await killed.host.active(pluginId).process.crash();
  console.log(`the plugin of the collecting node ${killed.name} was killed (kill -9)`);
  let next: DemoNode | undefined;
  await until('another node collects', takeoverMs, () => {
    next = watch.collector();
    return next !== undefined && next !== killed;
  });
  await firstScrape;
  const gapMs = performance.now() - killedMs;
  if (next === undefined) throw new Error('no node collects');
  const successor = next;
  console.log(`kill to first scrape by ${successor.name}: ${(gapMs / 1000).toFixed(1)} s`);
  await until('its samples are newer than the kill', takeoverMs, async () => {
    const { newestSampleMs } = await statusOf(successor);
    return newestSampleMs !== null && newestSampleMs > (lastMs ?? 0) + gapMs;
  });
  return successor;
}

async function dumpOnListener(nodes: DemoNode[], collector: DemoNode): Promise<void> {
  const listener = nodes.find((node) => node !== collector) ?? collector;
  console.log(`a dump on the listener ${listener.name}, while ${collector.name} collects:`);
  await download(listener, await makeDump(listener));
}

/** Resolves with the next request to any node's metrics. */
async function nextScrape(nodes: readonly DemoNode[]): Promise<void> {
  // A scrape may be on its way while its collector dies.
  await wait(500);
  await Promise.race(nodes.map(({ exporter }) => exporter.nextRequest()));
}

async function until(
  what: string,
  timeoutMs: number,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) {
      throw new Error(`not within ${String(timeoutMs / 1000)} s: ${what}`);
    }
    await wait(pollMs);
  }
}
