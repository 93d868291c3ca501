import { ScaleReader } from './scale.js';
import { keyText } from './storage-key.js';

/** Why the runtime does not take a transaction: sp-runtime's `TransactionValidityError`. */
export interface TransactionFault {
  /** `unknown`: the runtime could not even judge it. */
  readonly kind: 'invalid' | 'unknown';
  readonly reason: string;
  /** True when a later block may take it. */
  readonly isBlockFull: boolean;
  readonly isFuture: boolean;
}

/** What a valid transaction promises to the pool: sp-runtime's `ValidTransaction`. Tags are texts, one letter per byte. */
export interface ValidTransaction {
  readonly priority: bigint;
  readonly requires: readonly string[];
  readonly provides: readonly string[];
  /** Blocks for which the judgement holds. */
  readonly longevity: bigint;
}

const FUTURE = 2;
const EXHAUSTS_RESOURCES = 6;
const CUSTOM = 7;
/** In the order of sp-runtime's enum; the texts are those a Substrate node shows. */
const INVALID: readonly string[] = [
  'Transaction call is not expected',
  'Inability to pay some fees (e.g. account balance too low)',
  'Transaction will be valid in the future',
  'Transaction is outdated',
  'Transaction has a bad signature',
  'Transaction has an ancient birth block',
  'Transaction would exhaust the block limits',
  'Custom error',
  'A call was labelled as mandatory, but resulted in an Error.',
  'Transaction dispatch is mandatory; transactions must not be validated.',
  'Invalid signing address',
  'The implicit data was unable to be calculated',
  'The transaction extension did not authorize any origin',
];
const UNKNOWN: readonly string[] = [
  'Could not lookup information required to validate the transaction',
  'Could not find an unsigned validator for the unsigned transaction',
  'Custom error',
];

/** Decodes the answer of `TaggedTransactionQueue_validate_transaction`. */
export function decodeValidity(bytes: Uint8Array): ValidTransaction | TransactionFault {
  const input = new ScaleReader(bytes);
  if (input.u8() !== 0) return readFault(input);
  const tag = (): string => keyText(input.opaque());
  return {
    priority: input.u64(),
    requires: input.vector(tag),
    provides: input.vector(tag),
    longevity: input.u64(),
  };
}

/** The fault in the answer of `BlockBuilder_apply_extrinsic`; undefined when the extrinsic is in the block. */
export function decodeApplyResult(bytes: Uint8Array): TransactionFault | undefined {
  const input = new ScaleReader(bytes);
  return input.u8() === 0 ? undefined : readFault(input);
}

function readFault(input: ScaleReader): TransactionFault {
  const isInvalid = input.u8() === 0;
  const variant = input.u8();
  const text = (isInvalid ? INVALID : UNKNOWN)[variant] ?? `fault ${variant}`;
  const isCustom = text === INVALID[CUSTOM];
  return {
    kind: isInvalid ? 'invalid' : 'unknown',
    reason: isCustom ? `${text} ${input.u8()}` : text,
    isBlockFull: isInvalid && variant === EXHAUSTS_RESOURCES,
    isFuture: isInvalid && variant === FUTURE,
  };
}
