import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { DumpList, TargetList } from '../../api/index.ts';
import { admin, ask, getStatus, holds, makeDump, same, waitForSamples, type Bed } from './bed.ts';
import { eventually, figure, within } from './checks.ts';
import { GoHost, stateRunning, type HostStatus } from './go-host.ts';

/** How long after activation the first sample may take, by the issue that asked for it. */
const firstSampleMs = 2000;

async function start(bed: Bed): Promise<void> {
  const { checks, host } = bed;
  await checks.check("Mattermost's supervisor starts the bundle and activates it", async () => {
    const { ms } = await host.activate();
    const { state, serverVersion } = await host.status();
    same(state, stateRunning, 'state');
    console.log(`# server ${serverVersion}, activated in ${ms} ms`);
  });
  const activatedMs = Date.now();
  await checks.check('a route answers', () => getStatus(bed));
  await checks.check(`the first sample is stored within ${firstSampleMs} ms`, async (isAgain) => {
    if (isAgain) {
      await host.control('POST', '/deactivate');
      await host.activate();
    }
    const sinceMs = isAgain ? Date.now() : activatedMs;
    await waitForSamples(bed, isAgain ? sinceMs : 0, firstSampleMs);
    const tookMs = Date.now() - sinceMs;
    console.log(`# ${tookMs} ms after activation`);
    figure('the first sample is stored', tookMs, firstSampleMs);
  });
  await checks.check('both targets are up and named by the host, not localhost', async () => {
    const { targets } = await eventually('both targets up', 5000, async () => {
      const list = await ask<TargetList>(bed, '/targets');
      return list.targets.length === 2 && list.targets.every(({ state }) => state === 'up')
        ? list
        : undefined;
    });
    for (const { instance } of targets) {
      holds(!/^(localhost|127\.|\[::1\])/.test(instance), `instance is ${instance}`);
    }
  });
  await checks.check("the server's health check is content", async () => {
    const { state } = await host.control<HostStatus>('POST', '/check');
    same(state, stateRunning, 'state');
  });
}

/** kill -9 of the plugin: the health check starts it again, and nothing that was stored is gone. */
async function crash(bed: Bed): Promise<void> {
  const { checks, host } = bed;
  const before = await host.status();
  const beforeMs = Date.now();
  const oldDumps = (await ask<DumpList>(bed, '/dumps')).dumps.filter((d) => d.state === 'ready');
  await checks.check('after kill -9 the health check starts the plugin again', async () => {
    await host.control('POST', '/kill');
    await eventually('the process is gone', 5000, async () =>
      (await host.status()).pid === before.pid ? undefined : true,
    );
    const after = await host.checkHealth();
    same(after.state, stateRunning, 'state');
    holds(after.pid !== 0 && after.pid !== before.pid, `process ${after.pid} after ${before.pid}`);
  });
  await checks.check('it collects again', () => waitForSamples(bed, beforeMs + 500, 10_000));
  await checks.check('samples from before the crash are in a new dump', async () => {
    const dump = await makeDump(bed, beforeMs - 5000, Date.now());
    holds(dump.actual !== null, 'no actual range');
    holds(
      dump.actual.fromMs < beforeMs - 5000 + 2 * bed.intervalMs,
      `first sample ${dump.actual.fromMs - (beforeMs - 5000)} ms after the start of the range`,
    );
  });
  await checks.check('finished dumps are still there', async () => {
    holds(oldDumps.length > 0, 'there was none before');
    for (const { id } of oldDumps) {
      const path = `/api/v1/dumps/${id}/archive`;
      const response = await host.request(path, admin, { method: 'HEAD' });
      same(response.status, 200, path);
    }
  });
}

async function end(bed: Bed, bundle: string): Promise<void> {
  const { checks, host } = bed;
  await checks.check('deactivation flushes and ends the process', async () => {
    const { pid } = await host.status();
    const { ms } = await host.control<{ ms: number }>('POST', '/deactivate');
    console.log(`# deactivated in ${ms} ms`);
    // The server gives no second chance either.
    holds(ms < 10_000, `it took ${ms} ms; the server gives 10 s`);
    holds(!isRunning(pid), `process ${pid} is still there`);
  });
  await checks.check('it starts again over its data', async () => {
    const sinceMs = Date.now();
    await host.activate();
    await waitForSamples(bed, sinceMs, 5000);
  });
  await checks.check("the plugin's log has no error and no crash but ours", async () => {
    const log = await readFile(`${host.directory}/host.log`, 'utf8');
    const bad = log
      .split('\n')
      .filter((line) => /"level":"(error|fatal|panic)"|^panic:|goroutine \d+ \[/.test(line))
      .filter((line) => !isOfTheKill(line));
    holds(bad.length === 0, bad.slice(0, 10).join('\n'));
  });
  await checks.check("the server's multiplexer has nothing to complain of", async () => {
    const log = await readFile(`${host.directory}/host.log`, 'utf8');
    const lines = log.split('\n').filter((line) => /\[(WARN|ERR)\] yamux/.test(line));
    holds(lines.length === 0, `${lines.length} lines, the first: ${String(lines[0])}`);
  });
  await checks.check('when the server dies, the plugin ends within a second', async (isAgain) => {
    const server = isAgain ? await startAnother(host.directory, bundle) : host;
    const { pid } = await server.status();
    await server.kill();
    await within(`process ${pid} is gone`, 1000, () =>
      Promise.resolve(isRunning(pid) ? undefined : true),
    );
  });
}

/** A server with the settings of one that is dead, and with the plugin running. */
async function startAnother(directory: string, bundle: string): Promise<GoHost> {
  const config = JSON.parse(await readFile(`${directory}/config.json`, 'utf8')) as object;
  const host = await GoHost.start(`${directory}-again`, bundle, config);
  await host.activate();
  return host;
}

/** A process that has ended stays in the table until its parent asks for it; it does not run. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

/** Lines by which the server reports the kill -9 of {@link crash}. */
function isOfTheKill(line: string): boolean {
  return /plugin process exited|RPC call|connection is shut down|unexpected EOF|OnDeactivate/i.test(
    line,
  );
}

export const checkLife = { start, crash, end };
