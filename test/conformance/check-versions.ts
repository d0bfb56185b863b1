import { checkBridge } from './check-bridge.ts';
import { checkHang } from './check-hang.ts';
import { checkLoad } from './check-load.ts';
import type { Checks } from './checks.ts';
import { buildOlderHost, GoHost } from './go-host.ts';
import { packProbe } from './probe-bundle.ts';

/**
 * Servers by the version that their `server/public` says; undefined is the newest, pinned in
 * `host/go.mod`, the others in `hosts/`. 10.3 is not supported: it stands for what still sends whole
 * HTTP requests and speaks the older yamux.
 */
const servers: { modules: string | undefined; version: string; hasFlush: boolean }[] = [
  { modules: '10.3', version: '10.3.0', hasFlush: false },
  { modules: '10.11', version: '10.11.0', hasFlush: false },
  { modules: '11.1', version: '11.1.0', hasFlush: false },
  { modules: undefined, version: '11.11.0', hasFlush: true },
];

/** What the bridge's checks need of a server's configuration. */
export const bridgeConfig = {
  ServiceSettings: { SiteURL: 'http://mattermost.example.com' },
  MetricsSettings: { Enable: true },
  FileSettings: { DriverName: 'local', Directory: './data/' },
  PluginSettings: { Enable: true },
};

/** The same list of checks under the supervisor of every server version. */
export async function checkVersions(checks: Checks, directory: string): Promise<void> {
  const probe = await packProbe(directory);
  for (const { modules, version, hasFlush } of servers) {
    const program = await checks.check(`server ${version}: its supervisor builds`, async () =>
      modules === undefined ? undefined : buildOlderHost(modules),
    );
    const host = await GoHost.start(`${directory}/server-${version}`, probe, bridgeConfig, {
      program,
    });
    try {
      await checkBridge({ checks, host, version, hasFlush });
      if (modules !== undefined) continue;
      await host.activate();
      await checkLoad(checks, host);
      await checkHang(checks, host);
    } finally {
      await host.kill();
    }
  }
}
