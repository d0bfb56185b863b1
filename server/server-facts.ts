import type { ServerFacts } from './dump/index.ts';
import type { License, PluginApi } from './mattermost/index.ts';

/** What is told about the server; asked once per activation, the licence anew for every dump. */
export interface FixedFacts {
  serverVersion: string;
  /** The diagnostic id: the same on all nodes. */
  serverId: string;
}

/** Facts that do not change while the plugin is active. */
export async function loadFixedFacts(api: PluginApi): Promise<FixedFacts> {
  const [serverVersion, serverId] = await Promise.all([
    api.getServerVersion(),
    api.getDiagnosticId(),
  ]);
  return { serverVersion, serverId };
}

/** Everything a dump tells about the server. */
export async function loadServerFacts(
  api: PluginApi,
  fixed: FixedFacts,
  site: { siteUrl: string; hostName: string },
): Promise<ServerFacts> {
  const license = await api.getLicense();
  return {
    ...fixed,
    licenseId: license?.id ?? '',
    customerId: license?.customerId ?? '',
    license: license === undefined ? null : licenseFacts(license),
    serverName: hostOf(site.siteUrl) ?? site.hostName,
  };
}

function licenseFacts({ expiresAtMs, features, isTrial, skuShortName }: License) {
  const { cluster: hasCluster, metrics: hasMetrics } = features;
  return { sku: skuShortName, isTrial, expiresAtMs, hasMetrics, hasCluster };
}

/** Host name of the site's address: what administrators call their server. */
function hostOf(siteUrl: string): string | undefined {
  const url = URL.parse(siteUrl);
  return url === null || url.hostname === '' ? undefined : url.hostname;
}
