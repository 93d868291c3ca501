/** `LEDGER_` codes; see catalogue.ts. */
export const ledger = {
  LEDGER_UNREACHABLE: {
    message: 'cannot reach the chain at {url}: {reason}',
    hint: 'Check that the chain runs; `tally doctor` tests it.',
    status: 503,
    disposition: 'retry',
  },
  LEDGER_WRONG_CHAIN: {
    message: '{url} is another chain: genesis {got}, expected {want}',
    hint: 'Point to the chain this deployment was made with.',
    status: 500,
    disposition: 'fatal',
  },
  LEDGER_UNPROVED: {
    message: 'the chain node at {url} gave a {what} that its blocks do not bear out: {reason}',
    hint: 'Nothing was decided by it, and it is asked again. If it goes on, name another chain node, and ask its operator why this one lies.',
    status: 502,
    disposition: 'retry',
  },
  LEDGER_RUNTIME_UNKNOWN: {
    message:
      'the chain node at {url} describes a runtime that this release does not know (metadata {metadata})',
    hint: 'After an upgrade of the chain, install the release that goes with it; otherwise name another chain node.',
    status: 502,
    disposition: 'fatal',
  },
  LEDGER_START: {
    message: 'the embedded chain did not start: {reason}',
    hint: 'Read {log}.',
    status: 500,
    disposition: 'fatal',
  },
  LEDGER_REFUSED: {
    message: 'the chain refused {call}: {reason}',
    hint: 'The reason is an error of pallet-tally; docs/protocol.md §5 explains it.',
    status: 409,
    disposition: 'fatal',
  },
  LEDGER_TIMEOUT: {
    message: '{call} was not final within {timeoutMs} ms',
    hint: 'It is sent again by itself; check that the chain makes blocks.',
    status: 504,
    disposition: 'retry',
  },
  LEDGER_CONFLICT: {
    message: 'the chain holds another header for run {run} round {round}: {chain}, here {here}',
    hint: 'Do not continue: export the evidence and find out who committed it.',
    status: 409,
    disposition: 'fatal',
  },
  LEDGER_RUN_HALTED: {
    message: 'run {run} is halted on the chain: it takes no further round',
    hint: 'A proved fault of its coordinator, or long silence, halts a run. Its owner may name a coordinator again, or close it; `tally audit verify` shows what happened.',
    status: 409,
    disposition: 'fatal',
  },
  LEDGER_EPOCH_VOID: {
    message:
      'the chain has voided epoch {epoch} of run {run}, and the rows here give the same one again',
    hint: 'It is not sent a second time: it would cost another bond. Find out from the dispute or the objection what is wrong with its shares; after the settlement window anybody may settle the epoch.',
    status: 409,
    disposition: 'fatal',
  },
  LEDGER_DEMAND_UNANSWERABLE: {
    message: 'demand {demand} on round {round} of run {run} has no answer here: {reason}',
    hint: 'Restore the rows of this round from a backup before the demand’s deadline: the bond is at stake.',
    status: 500,
    disposition: 'fatal',
  },
  LEDGER_DEMANDS_UNANSWERED: {
    message: 'demands without an answer: {demands}',
    hint: 'Read why in the log, and mend it before their deadlines: the bond is at stake.',
    status: 500,
    disposition: 'fatal',
  },
  LEDGER_EPOCH_CONFLICT: {
    message: 'the chain holds another epoch {epoch} of run {run}: {chain}, here {here}',
    hint: 'Do not continue: export the evidence and find out who settled it.',
    status: 409,
    disposition: 'fatal',
  },
  LEDGER_POOL_FULL: {
    message: 'the transaction pool is full ({limit})',
    hint: 'Try again in a moment.',
    status: 503,
    disposition: 'retry',
  },
  LEDGER_TRANSACTION_INVALID: {
    message: 'the transaction is not valid: {reason}',
    hint: 'Sign it again for this chain, with the current nonce and a fresh era.',
    status: 400,
    disposition: 'fix',
  },
  LEDGER_TRANSACTION_KNOWN: {
    message: 'transaction {hash} is in the pool already',
    hint: 'Wait until it is in a block.',
    status: 409,
    disposition: 'retry',
  },
  LEDGER_TRANSACTION_OUTBID: {
    message: 'transaction {hash} has no higher priority than the one it would replace',
    hint: 'Give it a higher tip, or wait for the other one.',
    status: 409,
    disposition: 'fix',
  },
  LEDGER_BLOCK_UNKNOWN: {
    message: 'the chain has no block {block}',
    hint: 'Ask for a block up to the head.',
    status: 404,
    disposition: 'fix',
  },
  LEDGER_STATE_PRUNED: {
    message: 'the state of block {block} is no longer kept (only the newest {kept} are)',
    hint: 'Ask at a newer block, or recompute it from the exported blocks.',
    status: 410,
    disposition: 'fix',
  },
  LEDGER_NOT_AUTHORITY: {
    message: 'key {key} may not seal this block; the authority is {authority}',
    hint: 'Start with the authority key this genesis was made with.',
    status: 500,
    disposition: 'fatal',
  },
  LEDGER_BLOCK_INVALID: {
    message: 'block {block} does not verify: {reason}',
    hint: 'The block log is damaged or foreign; restore it from a backup.',
    status: 500,
    disposition: 'fatal',
  },
  LEDGER_RUNTIME_FAILED: {
    message: 'the runtime call {call} failed: {reason}',
    hint: 'Check that the wasm is the released one (chain/wasm/manifest.json).',
    status: 500,
    disposition: 'fatal',
  },
  LEDGER_GENESIS_INVALID: {
    message: 'the genesis cannot be built: {reason}',
    hint: 'Check the keys in <data>/keys.',
    status: 500,
    disposition: 'fatal',
  },
} as const;
