export type { ClusterNode } from './discovery-rows.ts';
export { ownFacts } from './discovery-self.ts';
export { Discovery, type DiscoveryDatabase } from './discovery.ts';
