import { canonicalJson } from '@tallystick/record';
import type { Contribution } from './round-trees.js';

/** i64::MIN: the node did not measure this loss. */
const NOT_MEASURED = -(2n ** 63n);

function weightedMean(
  contributions: readonly Contribution[],
  pick: (contribution: Contribution) => bigint,
): number | undefined {
  let sum = 0n;
  let weight = 0n;
  for (const contribution of contributions) {
    const value = pick(contribution);
    if (value === NOT_MEASURED) continue;
    sum += value * contribution.weight;
    weight += contribution.weight;
  }
  if (weight === 0n) return undefined;
  const mean = Number(sum / weight);
  return Number.isSafeInteger(mean) ? mean : undefined;
}

/**
 * Canonical JSON behind `header.metrics`: weighted means of the declared losses in nano-units, truncated towards
 * zero. Integers alone, so an auditor derives the same bytes from the receipts. Values beyond 2⁵³ are left out.
 */
export function roundMetrics(contributions: readonly Contribution[]): string {
  const lossBefore = weightedMean(contributions, (c) => c.receipt.lossBefore);
  const lossAfter = weightedMean(contributions, (c) => c.receipt.lossAfter);
  return canonicalJson({
    ...(lossAfter === undefined ? {} : { lossAfter }),
    ...(lossBefore === undefined ? {} : { lossBefore }),
  });
}
