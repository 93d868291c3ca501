/**
 * The chain as a client sees it: the RoundLedger port, its adapter on Substrate (@polkadot/api, reads at finalised
 * blocks, explicit nonces, writes resolved by finalised blocks alone) and one in memory.
 */
export {
  type ExportedBlocks,
  fetchBlocks,
  type FetchedProof,
  fetchProof,
  fetchStorage,
} from './fetch-blocks.js';
export { payFaultBytes } from './call-bytes.js';
export { type ConsentTerms } from './consent-reader.js';
export * from './demand-ledger.js';
export { JsonRpc } from './json-rpc.js';
export { InMemoryRoundLedger } from './in-memory-round-ledger.js';
export { LedgerAccount } from './ledger-account.js';
export * from './pay-ledger.js';
export * from './round-ledger.js';
export { type LedgerAccounts, SubstrateRoundLedger } from './substrate-round-ledger.js';
