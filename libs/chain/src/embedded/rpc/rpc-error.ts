import { type ErrorCode, isTallyError } from '@tallystick/kernel';

/** JSON-RPC 2.0 §5.1 codes. */
export const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
export const METHOD_NOT_FOUND = -32_601;
export const INVALID_PARAMS = -32_602;
const INTERNAL_ERROR = -32_603;
/** A Substrate node's code for "no such block or state, or the runtime failed". */
const CLIENT_ERROR = 4003;

/** What a caller of JSON-RPC is told. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: string | undefined;

  constructor(code: number, message: string, data?: string) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.data = data;
  }
}

/** Codes and texts by which polkadot-js and explorers know a Substrate node's refusals. */
const SUBSTRATE: Partial<Record<ErrorCode, readonly [code: number, message: string]>> = {
  LEDGER_TRANSACTION_INVALID: [1010, 'Invalid Transaction'],
  LEDGER_TRANSACTION_KNOWN: [1013, 'Transaction Already Imported'],
  LEDGER_TRANSACTION_OUTBID: [1014, 'Priority is too low'],
  LEDGER_POOL_FULL: [1016, 'Immediately Dropped'],
  LEDGER_BLOCK_UNKNOWN: [CLIENT_ERROR, 'Client error: UnknownBlock'],
  LEDGER_STATE_PRUNED: [CLIENT_ERROR, 'Client error: State already discarded'],
  LEDGER_RUNTIME_FAILED: [CLIENT_ERROR, 'Client error: Execution failed'],
};
const UNKNOWN_VALIDITY = 1011;

/** The answer for whatever a method threw; nothing of an unexpected error is told. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (!isTallyError(error)) return new RpcError(INTERNAL_ERROR, 'Internal error');
  const { code, message, meta } = error;
  const known = SUBSTRATE[code];
  if (known === undefined) return new RpcError(INTERNAL_ERROR, message);
  if (code !== 'LEDGER_TRANSACTION_INVALID') return new RpcError(known[0], known[1], message);
  const reason = String(meta['reason']);
  if (meta['kind'] === 'unknown') {
    return new RpcError(UNKNOWN_VALIDITY, 'Unknown Transaction Validity', reason);
  }
  return new RpcError(known[0], known[1], reason);
}
