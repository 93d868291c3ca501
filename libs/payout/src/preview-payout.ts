import { addPayments } from './entitlements.js';
import { epochBudget, epochDue } from './epoch-budget.js';
import { type Earner, payEpoch, type PayoutPolicy } from './pay-epoch.js';
import type { Entitle } from '@tallystick/record';

/** A run before its pot is locked, and who is expected to contribute. */
export interface PayoutPlan {
  readonly pot: bigint;
  /** Non-empty rounds of the run. */
  readonly rounds: number;
  readonly policy: PayoutPolicy;
  readonly epochRounds: number;
  readonly capPpm: number;
  /** The expected share of each node in every round. */
  readonly earners: readonly Earner[];
}

/** One epoch of a plan. */
export interface PreviewEpoch {
  readonly rounds: number;
  readonly units: bigint;
}

/** What a run would pay if every round went as expected. */
export interface PayoutPreview {
  /** Units of a full epoch: the number that the chain is given with the pot. */
  readonly epochBudget: bigint;
  readonly epochs: readonly PreviewEpoch[];
  /** What each account would have at the end, sorted by account. */
  readonly entitlements: readonly Entitle[];
  /** What would go back to the researcher. */
  readonly refund: bigint;
}

/** Plays the settlements of a whole run: the same rules as in earnest, so anybody can check an offer beforehand. */
export function previewPayout(plan: PayoutPlan): PayoutPreview {
  const { pot, rounds, epochRounds, earners } = plan;
  const terms = { epochBudget: epochBudget(pot, rounds, epochRounds), epochRounds };
  const epochs: PreviewEpoch[] = [];
  let entitlements: readonly Entitle[] = [];
  let left = pot;
  for (let done = 0; done < rounds; done += epochRounds) {
    const inEpoch = Math.min(epochRounds, rounds - done);
    const budget = epochDue(terms, inEpoch, left);
    const payments = payEpoch(earners, { ...plan, budget });
    const units = payments.reduce((sum, payment) => sum + payment.units, 0n);
    entitlements = addPayments(entitlements, payments);
    epochs.push({ rounds: inEpoch, units });
    left -= units;
  }
  return { epochBudget: terms.epochBudget, epochs, entitlements, refund: left };
}
