import { concatBytes, fromHex } from '@tallystick/kernel';
import { littleEndian, ScaleReader } from '../scale.js';
import { ss58Account } from '../ss58.js';
import { keyText } from '../storage-key.js';
import { INVALID_PARAMS, RpcError } from './rpc-error.js';
import type { RpcContext, RpcMethods } from './rpc-method.js';
import type { RpcParams } from './rpc-params.js';

const HOST_VERSION = '0.1.0';

/** `system_*`: who serves this chain. */
export function systemMethods({ chain }: RpcContext): RpcMethods {
  const nextIndex = (params: RpcParams): number => nextNonce(chain, accountOf(params));
  return {
    system_chain: () => chain.spec.name,
    system_chainType: () => chain.spec.chainType,
    system_name: () => 'Tallystick embedded host',
    system_version: () => HOST_VERSION,
    system_properties: () => chain.spec.properties,
    system_health: () => ({ peers: 0, isSyncing: false, shouldHavePeers: false }),
    system_nodeRoles: () => ['Authority'],
    system_peers: () => [],
    system_syncState: () => ({
      startingBlock: 0,
      currentBlock: chain.head.number,
      highestBlock: chain.head.number,
    }),
    system_accountNextIndex: nextIndex,
    account_nextIndex: nextIndex,
  };
}

function accountOf(params: RpcParams): Uint8Array {
  try {
    return fromHex(ss58Account(params.text(0)));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RpcError(INVALID_PARAMS, error.message);
  }
}

/** The account's nonce at the head, moved past its transactions in the pool. */
function nextNonce(chain: RpcContext['chain'], account: Uint8Array): number {
  const state = chain.stateAt(chain.head.hash);
  let nonce = new ScaleReader(state.call('AccountNonceApi_account_nonce', account)).u32();
  // CheckNonce provides the tag (account, nonce).
  const tag = (): string => keyText(concatBytes(account, littleEndian(nonce, 4)));
  while (chain.pool.provides(tag())) nonce += 1;
  return nonce;
}
