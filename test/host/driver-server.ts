import { anyValue } from '../../lib/gob/index.ts';
import { rpcMethod, type RpcHandlers } from '../../lib/netrpc/index.ts';
import { goError, string, struct } from './wire.ts';

/** The SQL driver of a server whose database cannot be reached: there is none here. */
export const driverHandlers: RpcHandlers = {
  'Plugin.Conn': rpcMethod(struct('Z_DbStrErrReturn', { A: string, B: anyValue }), () => ({
    B: goError('this Mattermost stand-in has no database'),
  })),
};
