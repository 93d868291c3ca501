import type { AccountId, NodeId } from '@tallystick/kernel';
import { apportionCapped } from './apportion.js';

/** How a budget is shared (protocol.md §6). */
export type PayoutPolicy = 'weight' | 'equal' | 'contribution';

/** What a node did in an epoch, and where its organisation is paid. */
export interface Earner {
  readonly node: NodeId;
  /** The payout account of the node's organisation. */
  readonly account: AccountId;
  /** `weight`, `equal`: the sum of its weights. `contribution`: its score in integer nano-units. Never negative. */
  readonly share: bigint;
}

/** What one organisation gets. An organisation is its payout account: two with one account are paid as one. */
export interface Payment {
  readonly account: AccountId;
  /** Its smallest node id with a share: ties go to the smaller one. */
  readonly firstNode: NodeId;
  /** What its part is in proportion to: 1 under `equal`. */
  readonly share: bigint;
  readonly units: bigint;
}

export interface PayTerms {
  readonly policy: PayoutPolicy;
  /** Most of the budget that one organisation gets, in millionths; never below an equal part. */
  readonly capPpm: number;
  /** Units of the epoch. */
  readonly budget: bigint;
}

const PPM = 1_000_000n;

/**
 * Shares out an epoch's budget, in the order of the organisations' smallest node ids. The units sum to the budget
 * exactly; without any share nobody is paid (the budget stays in the pot). Throws RangeError for a negative share.
 */
export function payEpoch(earners: readonly Earner[], terms: PayTerms): readonly Payment[] {
  const payees = payeesOf(earners, terms.policy);
  if (payees.length === 0) return [];
  const cap = capOf(terms, payees.length);
  const units = apportionCapped(
    terms.budget,
    payees.map(({ share }) => share),
    cap,
  );
  return payees.map((payee, i) => ({ ...payee, units: units[i] ?? 0n }));
}

/**
 * Most units of one of `payees` organisations: ⌊budget · κ⌋ with κ = max(capPpm, ⌈10⁶ ÷ payees⌉) millionths, and
 * never below ⌈budget ÷ payees⌉, so that small budgets can be paid out whole.
 */
export function capOf({ budget, capPpm }: Omit<PayTerms, 'policy'>, payees: number): bigint {
  const equal = ceilDivide(PPM, BigInt(payees));
  const kappa = equal > BigInt(capPpm) ? equal : BigInt(capPpm);
  const cap = (budget * kappa) / PPM;
  const least = ceilDivide(budget, BigInt(payees));
  return cap > least ? cap : least;
}

function payeesOf(
  earners: readonly Earner[],
  policy: PayoutPolicy,
): readonly Omit<Payment, 'units'>[] {
  const payees = new Map<AccountId, Omit<Payment, 'units'>>();
  for (const { node, account, share } of earners.toSorted((a, b) => a.node - b.node)) {
    if (share < 0n) throw new RangeError(`node ${node} has a negative share`);
    if (share === 0n) continue;
    const { firstNode, share: before } = payees.get(account) ?? { firstNode: node, share: 0n };
    payees.set(account, { account, firstNode, share: policy === 'equal' ? 1n : before + share });
  }
  return [...payees.values()];
}

function ceilDivide(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
