/**
 * For tests of other rooms: extrinsics signed by hand, and blocks taken apart and sealed again, as a dishonest operator
 * would do it.
 */
export { sealHeader, unsealHeader } from '../embedded/aura.js';
export { blake2b256 } from '../embedded/hashing.js';
export { encodeHeader, headerHash } from '../embedded/header.js';
export { compact, littleEndian, opaque } from '../embedded/scale.js';
export { plainRun } from './plain-run.js';
export { encodeSignedBlock, readSignedBlock } from '../embedded/signed-block.js';
export { developmentSpec, TestChains } from './development-chain.js';
export { LEDGER_ACCOUNTS, LEDGER_AUTHORITY, LEDGER_KEYS, LedgerChain } from './ledger-chain.js';
export { RpcBetween } from './rpc-between.js';
export { RUN_TERMS } from './run-terms.js';
export { signedExtrinsic, type SignOptions, transfer } from './signed-extrinsic.js';
export type { Call } from './model/call.js';
export { encodeCall } from './model/encode-call.js';
export { genesisBlock } from '../embedded/raw-spec.js';
