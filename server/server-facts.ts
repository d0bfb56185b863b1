import type { LicenseFacts, ServerFacts } from './dump/index.ts';
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
    license: licenseFacts(license),
    serverName: hostOf(site.siteUrl) ?? site.hostName,
  };
}

/** What the licence allows; null when there is none. */
export async function loadLicenseFacts(api: PluginApi): Promise<LicenseFacts | null> {
  return licenseFacts(await api.getLicense());
}

function licenseFacts(license: License | undefined): LicenseFacts | null {
  if (license === undefined) return null;
  const { expiresAtMs, features, isTrial, skuShortName } = license;
  const { cluster: hasCluster, metrics: hasMetrics } = features;
  return { sku: skuShortName, isTrial, expiresAtMs, hasMetrics, hasCluster };
}

/** Host name of the site's address: what administrators call their server. */
function hostOf(siteUrl: string): string | undefined {
  const url = URL.parse(siteUrl);
  return url === null || url.hostname === '' ? undefined : url.hostname;
}
