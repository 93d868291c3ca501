import type { Sha256 } from '@tallystick/kernel';
import type { Entitle, Epoch } from '@tallystick/record';
import { addPayments, type EntitleRoot, entitleRoot } from './entitlements.js';
import type { Payment } from './pay-epoch.js';

/** The part of the epoch record that does not depend on who is paid. */
export type EpochHead = Omit<Epoch, keyof EntitleRoot>;

/** An epoch's record, to be signed, and the leaves of its tree. */
export interface SettledEpoch {
  readonly record: Epoch;
  /** Sorted by account; `before` of the next epoch. */
  readonly entitlements: readonly Entitle[];
}

/** Adds `payments` to what accounts were entitled to before, and binds the result in the epoch's record. */
export function settleEpoch(
  sha256: Sha256,
  head: EpochHead,
  pay: { readonly before: readonly Entitle[]; readonly payments: readonly Payment[] },
): SettledEpoch {
  const entitlements = addPayments(pay.before, pay.payments);
  return { record: { ...head, ...entitleRoot(sha256, entitlements) }, entitlements };
}
