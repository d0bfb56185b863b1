import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { admin, holds, same } from './bed.ts';
import { eventually, type Checks } from './checks.ts';
import { stateRunning, type GoHost } from './go-host.ts';

/** The server pings at any time and waits this long. */
const serverPatienceMs = 10_000;

/** A loop that never comes back: we tell it, where it hangs, and end before the server gives us up. */
export async function checkHang(checks: Checks, host: GoHost): Promise<void> {
  const log = () => readFile(`${host.directory}/host.log`, 'utf8');
  await checks.check('a loop that never comes back is told and ended by ourselves', async () => {
    const { pid } = await host.status();
    const before = (await log()).length;
    const hung = host.request('/block?ms=1000000000', admin).then(
      (response) => response.status,
      () => 0,
    );
    await eventually(`process ${pid} is gone`, serverPatienceMs, () =>
      Promise.resolve(existsSync(`/proc/${pid}/exe`) ? undefined : true),
    ).catch(async (error: unknown) => {
      // One that has ended and is not waited for has no files any more, but a zombie keeps its name.
      const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'Z');
      if (!state.includes(' Z ')) throw error;
    });
    holds((await hung) >= 500, 'the request was answered');
    const lines = (await log()).slice(before).split('\n');
    const of = (text: string) => lines.findIndex((line) => line.includes(text));
    const [warned, ended] = [of('the event loop is blocked'), of('does not come back')];
    holds(warned >= 0 && ended > warned, 'the lines are missing');
    const [warning = '', ending = ''] = [lines[warned], lines[ended]];
    holds(warning.includes('"level":"warn"'), warning);
    holds(ending.includes('"level":"error"'), ending);
    holds(ending.includes('/block'), `no place: ${ending}`);
    const complaints = of('keepalive failed');
    holds(complaints < 0 || complaints > ended, 'the server noticed it first');
  });
  await checks.check('the health check starts it again', async () => {
    const { state } = await host.checkHealth();
    same(state, stateRunning, 'state');
    same((await host.request('/seen', admin)).status, 200, 'status of a request');
  });
}
