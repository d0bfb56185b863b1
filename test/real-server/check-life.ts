import { existsSync } from 'node:fs';
import { holds, same } from '../conformance/bed.ts';
import { eventually } from '../conformance/checks.ts';
import { saveBody, sha256Of } from '../conformance/dump-archive.ts';
import {
  getStatus,
  makeDump,
  patienceMs,
  pluginPath,
  pluginProcesses,
  restart,
  samplesAfter,
  type Site,
} from './site.ts';
import { RealServer } from './real-server.ts';

/** Crashes, switches and restarts; what was collected and the dumps stay. */
export async function checkLife(site: Site): Promise<void> {
  const { checks, admin, pluginId, directory } = site;
  const oldestMs = (await getStatus(site)).oldestSampleMs;
  const dump = await makeDump(site, Date.now() - 60_000, Date.now());
  const isWhole = async () => {
    const path = `${directory}/again.tar.gz`;
    await saveBody(await admin.fetch(pluginPath(site, `/dumps/${dump.id}/archive`)), path);
    same(await sha256Of(path), dump.sha256, 'sha256 of the dump from before');
    same((await getStatus(site)).oldestSampleMs, oldestMs, 'the oldest sample');
  };
  await checks.check('a process that is killed is started again by the server', async () => {
    const [pid = 0] = await pluginProcesses(site);
    const sinceMs = Date.now();
    process.kill(pid, 'SIGKILL');
    // The server looks every 30 s, and gives a plugin three chances.
    await eventually('another process', 3 * patienceMs, async () => {
      const [now] = await pluginProcesses(site);
      return now !== undefined && now !== pid ? true : undefined;
    });
    await samplesAfter(site, sinceMs);
    await isWhole();
  });
  await checks.check('switched off it is gone, switched on it collects again', async () => {
    await admin.call('POST', `/api/v4/plugins/${pluginId}/disable`);
    same((await pluginProcesses(site)).length, 0, 'processes');
    same((await admin.fetch(pluginPath(site, '/status'))).status, 404, 'its routes');
    const sinceMs = Date.now();
    await admin.call('POST', `/api/v4/plugins/${pluginId}/enable`);
    await samplesAfter(site, sinceMs);
    await isWhole();
  });
  await checks.check('it survives a restart of the server', async () => {
    const pids = await pluginProcesses(site);
    const startedMs = performance.now();
    await restart(site);
    console.log(`# ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    holds(
      pids.every((pid) => !existsSync(`/proc/${pid}`)),
      'an old process is left',
    );
    await samplesAfter(site, Date.now());
    await isWhole();
  });
  await checks.check(
    'it ends when the server is killed, and goes on with the next one',
    async () => {
      const pids = await pluginProcesses(site);
      same(pids.length, 1, 'processes');
      await site.server.kill();
      await eventually('no process', patienceMs, () =>
        Promise.resolve(pids.every((pid) => !existsSync(`/proc/${pid}`)) ? true : undefined),
      );
      site.server = await RealServer.start(site.options);
      await samplesAfter(site, Date.now());
      await isWhole();
    },
  );
}

/** What the plugin wrote to the server's log over the whole run. */
export async function checkLog(site: Site): Promise<void> {
  await site.checks.check(
    'each warning of the plugin has a code, and there is no error',
    async () => {
      const lines = (await site.server.log()).filter((line) => line['plugin_id'] === site.pluginId);
      const isOurs = (line: Record<string, unknown>) =>
        String(line['caller']).includes('plugin_api');
      const loud = lines
        .filter(isOurs)
        .filter(({ level }) => level === 'warn' || level === 'error');
      const codes = new Set(loud.map(({ code }) => String(code)));
      console.log(`# ${loud.length} warnings: ${[...codes].join(', ')}`);
      const without = loud.filter(({ code }) => typeof code !== 'string');
      same(JSON.stringify(without.slice(0, 5)), '[]', 'without a code');
      same(
        JSON.stringify(loud.filter(({ level }) => level === 'error').slice(0, 5)),
        '[]',
        'errors',
      );
    },
  );
}
