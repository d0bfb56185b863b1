// `make demo`: a Mattermost stand-in with the built plugin, a synthetic Mattermost exporter as its
// target, and the console's page. Runs until stopped; with ONCE=1 it collects for DEMO_SECONDS (20), makes
// a dump over HTTP, writes dist/demo/tsdb_dump.tar.gz, prints what is in it and ends. With NODES=3 it is
// a cluster of so many, whose collecting node can be killed on a page (with ONCE=1: is killed).
import { runClusterDemo } from './demo-cluster.ts';
import { runSingleDemo } from './demo-single.ts';

/** Each node is a process of 100 MB and an address of its own. */
const maxNodes = 9;
const nodes = Number(process.env['NODES'] ?? 1);
if (!Number.isInteger(nodes) || nodes < 1 || nodes > maxNodes) {
  throw new Error(`NODES: a number from 1 to ${String(maxNodes)}`);
}
await (nodes === 1 ? runSingleDemo() : runClusterDemo(nodes));
