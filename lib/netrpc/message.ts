import { string, struct, uint } from '../gob/index.ts';

/** Go's `rpc.Request`: precedes every argument. */
export const requestHeader = struct('Request', { ServiceMethod: string, Seq: uint });

/** Go's `rpc.Response`: precedes every reply; with an error text the reply means nothing. */
export const responseHeader = struct('Response', {
  ServiceMethod: string,
  Seq: uint,
  Error: string,
});
