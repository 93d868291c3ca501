import type { Hash } from '@tallystick/kernel';
import type { ChainState } from '../chain-state.js';
import type { EmbeddedChain } from '../embedded-chain.js';
import type { RpcLimits } from './rpc-limits.js';
import type { RpcParams } from './rpc-params.js';

/** What methods work on. */
export interface RpcContext {
  readonly chain: EmbeddedChain;
  readonly limits: RpcLimits;
}

/** Answers a call with a JSON value. */
export type RpcMethod = (params: RpcParams) => unknown;

export type RpcMethods = Readonly<Record<string, RpcMethod>>;

/** The state after block `hash`, or after the head. */
export function stateOf(chain: EmbeddedChain, hash: Hash | undefined): ChainState {
  return chain.stateAt(hash ?? chain.head.hash);
}
