// `make soak`: the cluster's kills, handovers and outages at their full numbers. usage: soak.ts BUNDLE
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkCluster } from './check-cluster.ts';
import { Checks } from './checks.ts';
import { buildGoHost } from './go-host.ts';

const bundle = process.argv[2];
if (bundle === undefined) throw new Error('usage: soak.ts BUNDLE');
const directory = await mkdtemp(join(tmpdir(), 'metrics-cluster-'));
const checks = new Checks();
await buildGoHost();
await checkCluster(checks, directory, resolve(bundle));
if (checks.failed === 0) await rm(directory, { recursive: true, force: true });
else console.log(`logs and data stay in ${directory}`);
console.log(checks.summary());
process.exitCode = checks.failed === 0 ? 0 : 1;
