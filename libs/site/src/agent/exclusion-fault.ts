import { type Ed25519, type PublicKey, type Sha256, ZERO_HASH } from '@tallystick/kernel';
import {
  decodeSigned,
  type Exclude,
  ExclusionReason,
  type Header,
  RECEIPT,
  receiptHash,
  RoundMode,
  verifyRecord,
} from '@tallystick/record';
import type { RoundMemory } from '../log/log-memory.js';

/** What a reason for an exclusion is held against. */
export interface ExclusionFacts {
  readonly header: Header;
  readonly exclude: Exclude;
  /** What the site's log holds of the round. */
  readonly memory: RoundMemory;
  /** The site's key of today. */
  readonly key: PublicKey;
}

/**
 * Why the log contradicts the reason that the coordinator gives for an exclusion. Lateness, a malformed or out-of-range
 * file, keys, strikes and silence without a receipt are left to the audit (V9): a log cannot tell.
 */
export function exclusionFault(
  crypto: { readonly sha256: Sha256; readonly ed25519: Ed25519 },
  { header, exclude, memory, key }: ExclusionFacts,
): string | undefined {
  const isEmpty = exclude.receipt === ZERO_HASH;
  const own = memory.receipt && decodeSigned(RECEIPT, memory.receipt.wire);
  const ownHash = own && receiptHash(crypto.sha256, own.value, own.signature);
  switch (exclude.reason) {
    case ExclusionReason.silent:
      return isEmpty ? undefined : 'reason 1 (silent), and it names a receipt';
    case ExclusionReason.declined:
      return memory.decline === undefined && own !== undefined
        ? 'reason 2 (declined): this site signed a receipt and no decline'
        : undefined;
    case ExclusionReason.badSignature:
      return own !== undefined &&
        ownHash === exclude.receipt &&
        verifyRecord(crypto.ed25519, RECEIPT, own.value, key, own.signature)
        ? 'reason 6 (bad signature): the receipt that it names is signed by the key of this site'
        : undefined;
    case ExclusionReason.quorum:
      return header.included > 0
        ? `reason 9 (below the minimum), and the round counts ${header.included}`
        : undefined;
    case ExclusionReason.pending:
      return header.mode === RoundMode.asynchronous
        ? undefined
        : 'reason 10 (pending), and the round is not asynchronous';
    default:
      return undefined;
  }
}
