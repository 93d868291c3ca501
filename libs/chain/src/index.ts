/**
 * chain: everything that knows Substrate. `client/` is the coordinator's ledger; `@tallystick/chain/embedded` is the
 * host that runs our real runtime inside Node, and the auditor's verifier of its blocks.
 *
 * Invariants: every write is judged by finalised blocks, never by a callback; nothing here is on the path of a round.
 * It refuses RPC methods that rewrite state, and @polkadot/* outside `client/`.
 */
export * from './client/index.js';
export { UNIT } from './unit.js';
