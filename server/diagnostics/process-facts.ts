import { cpuUsage, memoryUsage, pid, platform, arch, uptime, version } from 'node:process';
import { privateMemoryBytes } from '../telemetry/index.ts';
import type { ProcessFacts } from './diagnostics.ts';

/** What this process tells of itself. */
export async function loadProcessFacts(longestSliceMs: number | undefined): Promise<ProcessFacts> {
  const { system, user } = cpuUsage();
  return {
    pid,
    runtime: `Node.js ${version}`,
    platform: `${platform} ${arch}`,
    uptimeSeconds: Math.round(uptime()),
    cpuSeconds: Math.round((system + user) / 1e6),
    privateBytes: await privateMemoryBytes(),
    heapBytes: memoryUsage().heapUsed,
    longestSliceMs,
  };
}
