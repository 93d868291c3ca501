export type { RpcLimits } from './rpc-limits.js';
export { type RpcServer, type RpcServerOptions, serveRpc } from './serve-rpc.js';
