/**
 * embedded: a Substrate chain inside Node. Runs a FRAME runtime's wasm in V8 with a host of its own: storage with
 * transactions, Merkle trie with read proofs, 32 host functions, transaction pool, Aura author, durable block log,
 * JSON-RPC. The same code is the auditor's verifier and writes the raw specs that a Substrate node starts from.
 *
 * Invariants: a block is on disk before anybody hears of it; every state root is computed, never assumed; what this host
 * builds, `Core_execute_block` accepts on its parent state; a finding about somebody's chain is a value, not an exception.
 *
 * It refuses: runtimes that import anything outside the allow-list or are compressed, state version 0, child tries, key
 * generation and signing for the runtime, forks, and any call that would rewrite state behind the runtime's back.
 * Its finality means "ordered by one operator", never "final by consensus".
 */
export { type BlockProof, checkBlockProof } from './block-proof.js';
export type { ChainEvent, ChainListener, NumberedBlock } from './chain-event.js';
export { ChainState } from './chain-state.js';
export { EmbeddedChain, type EmbeddedChainOptions } from './embedded-chain.js';
export type { BlockFault } from './execute-block.js';
export type { ExactJson } from './exact-json.js';
export { buildGenesis, type GenesisOptions, type Preset } from './genesis.js';
export type { Header } from './header.js';
export { UNIT } from '../unit.js';
export { ALLOWED_IMPORTS } from './host-functions/index.js';
export { genesisHash, parseRawSpec, type RawSpec } from './raw-spec.js';
export type { Block } from './signed-block.js';
export { ScaleReader } from './scale.js';
export { type RpcLimits, type RpcServer, type RpcServerOptions, serveRpc } from './rpc/index.js';
export { ss58Account, ss58Address } from './ss58.js';
export { blake2b128concat, storageKey, twox64concat } from './storage-key.js';
export type { PoolLimits } from './transaction-pool.js';
export { type ProofOutcome, verifyReadProof } from './trie/read-proof.js';
export {
  type ChainFinding,
  type VerifiedBlock,
  type VerifiedChain,
  verifyBlocks,
  type VerifyBlocksOptions,
} from './verify-blocks.js';
