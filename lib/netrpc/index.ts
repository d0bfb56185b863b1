export { RpcClient, type RpcCallOptions, type RpcClientOptions } from './client.ts';
export { RpcError, type RpcErrorCode } from './errors.ts';
export { rpcClientLimits, rpcServerLimits } from './limits.ts';
export {
  RpcServer,
  rpcMethod,
  type RpcCallContext,
  type RpcHandlers,
  type RpcMethod,
  type RpcServerOptions,
} from './server.ts';
