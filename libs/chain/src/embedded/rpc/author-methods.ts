import { toHex0x } from '../hex.js';
import { ScaleReader } from '../scale.js';
import { hashJson } from './rpc-json.js';
import { type RpcContext, type RpcMethods, stateOf } from './rpc-method.js';
import { concatBytes } from '@tallystick/kernel';
import { littleEndian } from '../scale.js';

const CLASSES = ['normal', 'operational', 'mandatory'];

/** `author_*` and `payment_*`: getting a transaction in, and what it costs. */
export function authorMethods({ chain }: RpcContext): RpcMethods {
  return {
    author_submitExtrinsic: async (params) => hashJson(await chain.submit(params.bytes(0))),
    author_pendingExtrinsics: () => chain.pool.all().map(({ extrinsic }) => toHex0x(extrinsic)),
    payment_queryInfo: (params) => {
      const extrinsic = params.bytes(0);
      const args = concatBytes(extrinsic, littleEndian(extrinsic.length, 4));
      const state = stateOf(chain, params.optionalHash(1));
      return dispatchInfo(state.call('TransactionPaymentApi_query_info', args));
    },
  };
}

/** pallet-transaction-payment's `RuntimeDispatchInfo`. */
function dispatchInfo(bytes: Uint8Array): unknown {
  const input = new ScaleReader(bytes);
  const weight = { ref_time: input.compact(), proof_size: input.compact() };
  const dispatchClass = CLASSES[input.u8()];
  const fee = input.u64() | (input.u64() << 64n);
  return { weight, class: dispatchClass, partialFee: fee.toString() };
}
