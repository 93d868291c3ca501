import type { EmbeddedChain } from '../embedded-chain.js';
import { blockJson, hashJson, headerJson } from './rpc-json.js';
import type { RpcContext, RpcMethods } from './rpc-method.js';
import { integerOf, type RpcParams } from './rpc-params.js';

const MAX_NUMBERS = 1000;

/** `chain_*`: blocks and headers. */
export function chainMethods({ chain }: RpcContext): RpcMethods {
  const blockHash = (params: RpcParams): unknown => hashes(chain, params.optional(0));
  const finalizedHead = (): string => hashJson(chain.finalized.hash);
  return {
    chain_getBlockHash: blockHash,
    chain_getHead: blockHash,
    chain_getHeader: (params) => {
      const block = chain.block(params.optionalHash(0) ?? chain.head.hash);
      return block === undefined ? null : headerJson(block.header);
    },
    chain_getBlock: (params) => {
      const block = chain.block(params.optionalHash(0) ?? chain.head.hash);
      return block === undefined ? null : blockJson(block);
    },
    chain_getFinalizedHead: finalizedHead,
    chain_getFinalisedHead: finalizedHead,
  };
}

/** Hash of the head, of one number, or of a list of numbers. */
function hashes(chain: EmbeddedChain, numbers: unknown): unknown {
  if (numbers === undefined) return hashJson(chain.head.hash);
  const one = (number: unknown): string | null => {
    const block = chain.block(integerOf(number, 0));
    return block === undefined ? null : hashJson(block.hash);
  };
  return Array.isArray(numbers) ? numbers.slice(0, MAX_NUMBERS).map(one) : one(numbers);
}
