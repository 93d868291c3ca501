/** Bounds of the JSON-RPC server. */
export interface RpcLimits {
  /** Connections over WebSocket at once. */
  readonly maxConnections: number;
  /** One message; a runtime upgrade, 1.2 MB of wasm as hex, has to pass. */
  readonly maxMessageBytes: number;
  /** Requests in one batch. */
  readonly maxBatch: number;
  /** Subscriptions of one connection. */
  readonly maxSubscriptions: number;
  /** Keys in one call or subscription. */
  readonly maxKeys: number;
  /** Unsent bytes after which a slow reader is disconnected. */
  readonly maxBufferedBytes: number;
}

export const RPC_LIMITS: RpcLimits = {
  maxConnections: 128,
  maxMessageBytes: 8 * 1024 * 1024,
  maxBatch: 64,
  maxSubscriptions: 512,
  maxKeys: 1000,
  maxBufferedBytes: 32 * 1024 * 1024,
};
