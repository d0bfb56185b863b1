import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { consolePagePath } from '../e2e/console-pages.ts';
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

const pollMs = 200;

/** One stand-in with the plugin, and a synthetic Mattermost as its target. */
export async function runSingleDemo(): Promise<void> {
  const directory = `${demoDirectory}/server`;
  await rm(directory, { recursive: true, force: true });
  const name = '127.0.0.1';
  const exporter = await startDemoExporter(name);
  const port = Number(process.env['PORT'] ?? 0);
  const node = await startDemoNode({ name, directory, exporter, port });
  try {
    await uploadPlugin(node);
    await enablePlugin(node);
    if (isOnce) await runOnce(node);
    else {
      console.log(`\nSystem Console: ${node.host.url}${consolePagePath(pluginId)}`);
      await untilStopped();
    }
  } finally {
    await stopDemoNode(node);
  }
}

async function runOnce(node: DemoNode): Promise<void> {
  await collect(node);
  await download(node, await makeDump(node));
  await printMemory(node);
}

async function collect(node: DemoNode): Promise<void> {
  const startedMs = performance.now();
  let hasSample = false;
  while (performance.now() - startedMs < demoSeconds * 1000) {
    const { newestSampleMs, targets } = await statusOf(node);
    if (newestSampleMs !== null && !hasSample) {
      hasSample = true;
      const ms = (performance.now() - startedMs).toFixed(0);
      console.log(`activation to first sample: ${ms} ms (${String(targets.up)} target up)`);
    }
    await wait(pollMs);
  }
  if (!hasSample) throw new Error('nothing was collected');
}
