export { Membership, type Predecessor } from './membership.ts';
export { loadIdentity, type NodeIdentity } from './node-identity.ts';
export { Shift, type Duty } from './shift.ts';
