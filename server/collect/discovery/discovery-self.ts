import { networkInterfaces } from 'node:os';
import type { SelfFacts } from './discovery-rows.ts';

/**
 * What tells our own row in the discovery table. A server registers the host name that its
 * administrator set, else its first IPv4 address or its host name; the plugin runs on the same
 * machine and sees both.
 */
export function ownFacts(clusterId: string, hostName: string, overrideHostname: string): SelfFacts {
  const addresses = Object.values(networkInterfaces()).flatMap((found) =>
    (found ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
  );
  const names = [overrideHostname, hostName].filter((name) => name.trim() !== '');
  return { clusterId, addresses, names };
}
