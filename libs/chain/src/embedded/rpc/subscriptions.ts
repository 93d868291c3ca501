import type { ChainEvent } from '../chain-event.js';
import type { EmbeddedChain } from '../embedded-chain.js';
import { extrinsicHash } from '../transaction-pool.js';
import { hashJson, headerJson, versionJson } from './rpc-json.js';
import { type RpcContext, stateOf } from './rpc-method.js';
import type { RpcParams } from './rpc-params.js';
import { storageChanges } from './state-methods.js';

/** Sends one result to the subscriber. */
export type Push = (result: unknown) => void;

/** A kind of subscription. */
export interface Subscription {
  /** Method name of its notifications. */
  readonly notification: string;
  /**
   * Starts it; resolves with the way to stop. What it pushes before that waits until the caller knows the id. `end` frees
   * its place when nothing can follow.
   */
  readonly open: (params: RpcParams, push: Push, end: () => void) => Promise<() => void>;
}

/** Subscriptions by the method that opens them. */
export function subscriptions(context: RpcContext): Readonly<Record<string, Subscription>> {
  const { chain } = context;
  const newHeads = heads(chain, 'chain_newHead', 'block');
  const finalized = heads(chain, 'chain_finalizedHead', 'finalized');
  const version = runtimeVersion(chain);
  return {
    chain_subscribeNewHeads: newHeads,
    chain_subscribeNewHead: newHeads,
    subscribe_newHead: newHeads,
    chain_subscribeAllHeads: heads(chain, 'chain_allHead', 'block'),
    chain_subscribeFinalizedHeads: finalized,
    chain_subscribeFinalisedHeads: finalized,
    state_subscribeRuntimeVersion: version,
    chain_subscribeRuntimeVersion: version,
    state_subscribeStorage: storage(context),
    author_submitAndWatchExtrinsic: watchedExtrinsic(chain),
  };
}

/** Methods that end a subscription; each takes any id. */
export const UNSUBSCRIBE: ReadonlySet<string> = new Set([
  'chain_unsubscribeNewHeads',
  'chain_unsubscribeNewHead',
  'unsubscribe_newHead',
  'chain_unsubscribeAllHeads',
  'chain_unsubscribeFinalizedHeads',
  'chain_unsubscribeFinalisedHeads',
  'state_unsubscribeRuntimeVersion',
  'chain_unsubscribeRuntimeVersion',
  'state_unsubscribeStorage',
  'author_unwatchExtrinsic',
]);

function heads(
  chain: EmbeddedChain,
  notification: string,
  kind: 'block' | 'finalized',
): Subscription {
  return {
    notification,
    open: async (_params, push) => {
      push(headerJson(kind === 'block' ? chain.head.header : chain.finalized.header));
      return chain.subscribe((event) => {
        if (event.kind === kind) push(headerJson(event.block.header));
      });
    },
  };
}

function runtimeVersion(chain: EmbeddedChain): Subscription {
  return {
    notification: 'state_runtimeVersion',
    open: async (_params, push) => {
      let { runtime } = stateOf(chain, undefined);
      push(versionJson(runtime.version));
      return chain.subscribe((event) => {
        if (event.kind !== 'block') return;
        const now = stateOf(chain, event.block.hash).runtime;
        if (now === runtime) return;
        runtime = now;
        push(versionJson(now.version));
      });
    },
  };
}

function storage({ chain, limits }: RpcContext): Subscription {
  return {
    notification: 'state_storage',
    open: async (params, push) => {
      const keys = params.bytesList(0, limits.maxKeys);
      const read = (hash: typeof chain.head.hash): ReturnType<typeof storageChanges> =>
        storageChanges(hashJson(hash), stateOf(chain, hash), keys);
      let last = read(chain.head.hash);
      push(last);
      return chain.subscribe((event) => {
        if (event.kind !== 'block') return;
        const now = read(event.block.hash);
        const changes = now.changes.filter(([, value], at) => value !== last.changes[at]?.[1]);
        last = now;
        if (changes.length > 0) push({ block: now.block, changes });
      });
    },
  };
}

/** Follows one transaction to its end; polkadot-js never asks to stop. */
function watchedExtrinsic(chain: EmbeddedChain): Subscription {
  return {
    notification: 'author_extrinsicUpdate',
    open: async (params, push, end) => {
      const extrinsic = params.bytes(0);
      const hash = extrinsicHash(extrinsic);
      let block: string | undefined;
      const stop = chain.subscribe((event: ChainEvent) => {
        if (event.kind === 'dropped' && event.transaction === hash) {
          push('invalid');
          end();
        }
        if (event.kind === 'block' && event.included.includes(hash)) {
          block = hashJson(event.block.hash);
          push({ inBlock: block });
        }
        if (event.kind === 'finalized' && hashJson(event.block.hash) === block) {
          push({ finalized: block });
          end();
        }
      });
      try {
        await chain.submit(extrinsic);
      } catch (error) {
        stop();
        throw error;
      }
      push('ready');
      return stop;
    },
  };
}
