import { addWeight } from './accumulator.js';

/** What a round's contributions add up to beside their values. */
export interface FoldTotals {
  /** W = Σ n. */
  readonly sumWeight: bigint;
  /** Σ n·τ, τ being a contribution's local steps: FedNova's numerator. */
  readonly sumSteps: bigint;
  /** Contributions. */
  readonly included: number;
}

export const NO_TOTALS: FoldTotals = { sumWeight: 0n, sumSteps: 0n, included: 0 };

/** With one contribution more; throws as `addWeight`. `steps` is a whole number, at least 1. */
export function addToTotals(
  totals: FoldTotals,
  { weight, steps }: { readonly weight: bigint; readonly steps: number },
): FoldTotals {
  return {
    sumWeight: addWeight(totals.sumWeight, weight),
    sumSteps: totals.sumSteps + weight * BigInt(steps),
    included: totals.included + 1,
  };
}
