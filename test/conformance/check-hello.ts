import { buildHello } from '../../examples/hello/build.ts';
import { same, someone } from './bed.ts';
import { bridgeConfig } from './check-versions.ts';
import { figure, type Checks } from './checks.ts';
import { GoHost } from './go-host.ts';

/** The example of docs/plugin-sdk.md, built as it says, under the newest server. */
export async function checkHello(checks: Checks, directory: string): Promise<void> {
  const bundle = await checks.check('the example plugin builds', buildHello);
  if (bundle === undefined) return;
  const host = await GoHost.start(`${directory}/hello`, bundle, bridgeConfig);
  const greet = async (user: string | undefined) => host.request('/hello', user);
  try {
    await checks.check('the example starts and answers', async () => {
      await host.activate();
      same(await (await greet(someone)).text(), 'Hello, this is visit 1\n');
      same((await greet(undefined)).status, 401, 'status for nobody');
      same((await host.request('/else', someone)).status, 404, 'status of another path');
    });
    await checks.check('its hook hears of a changed setting', async () => {
      const settings = { [host.pluginId]: { greeting: 'Moin' } };
      await host.control('POST', '/config', { PluginSettings: { Plugins: settings } });
      same(await (await greet(someone)).text(), 'Moin, this is visit 2\n');
    });
    await checks.check('its value survives a restart', async (isAgain) => {
      const { ms } = await host.control<{ ms: number }>('POST', '/deactivate');
      await host.activate();
      const texts = await Promise.all([1, 2, 3].map(async () => (await greet(someone)).text()));
      const visits = isAgain ? [6, 7, 8] : [3, 4, 5];
      same(texts.sort().join(''), visits.map((n) => `Moin, this is visit ${n}\n`).join(''));
      figure('it ends', ms, 2000);
    });
  } finally {
    await host.kill();
  }
}
