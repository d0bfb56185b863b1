// `make demo`: a Mattermost stand-in with the built plugin, a synthetic Mattermost exporter as its
// target, and the console's page. Runs until stopped; with ONCE=1 it collects for DEMO_SECONDS (20), makes
// a dump over HTTP, writes dist/demo/tsdb_dump.tar.gz, prints what is in it and ends. With NODES=3 it is
// a cluster of so many, whose collecting node can be killed on a page (with ONCE=1: is killed). PORT is
// that of the stand-in's site; a free one by default.
import { runClusterDemo } from './demo-cluster.ts';
import { runSingleDemo } from './demo-single.ts';

/** Each node is a process of 100 MB and an address of its own. */
const maxNodes = 9;
const nodes = numberOf('NODES', 1, maxNodes) ?? 1;
numberOf('PORT', 0, 65_535);
try {
  await (nodes === 1 ? runSingleDemo() : runClusterDemo(nodes));
} catch (error) {
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  if (code !== 'EADDRINUSE') throw error;
  console.error(`${String(address)}:${String(port)} is taken: choose another PORT, or none.`);
  process.exit(1);
}

/** A variable of the environment; ends the demo with a sentence when it is no such number. */
function numberOf(name: string, min: number, max: number): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  console.error(`${name}=${text}: must be a whole number from ${String(min)} to ${String(max)}.`);
  process.exit(1);
}
