export { ClusterError, type ClusterErrorCode } from './errors.ts';
export type { LeaseKv } from './lease-calls.ts';
export {
  Lease,
  type LeaseHolder,
  type LeaseIdentity,
  type LeasePorts,
  type LeaseView,
} from './lease.ts';
