export {
  ClusterBus,
  type BusCounts,
  type ClusterBusPorts,
  type ClusterEvent,
} from './cluster-bus.ts';
export { ClusterError, type ClusterErrorCode } from './errors.ts';
export type { LeaseKv } from './lease-calls.ts';
export type { LeaseHolder, LeaseView } from './lease-view.ts';
export { Lease, type LeaseIdentity, type LeasePorts } from './lease.ts';
export { takeoverMs } from './limits.ts';
export type { NodeAnnouncement, NodeInfo } from './node-record.ts';
export { NodeRegistry, type NodeRegistryPorts, type RegistryKv } from './node-registry.ts';
export { PagedAnswers, requestPages } from './paged-answers.ts';
export type { Handler, MessageFacts } from './served-requests.ts';
export type { RequestOptions } from './waiting-requests.ts';
