import { TallyError } from '@tallystick/kernel';

/** Σ of a round's weights stays below this (protocol.md §1.4), so that int64 sums cannot overflow. */
export const SUM_WEIGHT_LIMIT: bigint = 1n << 22n;

/**
 * The unit of a round: the smallest power of two with Σ max(1, ⌊cap ÷ unit⌋) < 2²² over the cohort. Written in the
 * task. Throws ROUND_WEIGHTS_TOO_LARGE for 2²² nodes or more.
 */
export function weightUnit(caps: readonly bigint[]): bigint {
  if (BigInt(caps.length) >= SUM_WEIGHT_LIMIT) {
    throw new TallyError('ROUND_WEIGHTS_TOO_LARGE', { cohort: caps.length });
  }
  let unit = 1n;
  while (caps.reduce((sum, cap) => sum + atLeastOne(cap / unit), 0n) >= SUM_WEIGHT_LIMIT) {
    unit *= 2n;
  }
  return unit;
}

/**
 * The weight n = max(1, ⌊min(numExamples, cap) ÷ unit⌋) of a contribution. numExamples is at least 1 (the gate
 * refuses 0 with ROUND_NO_EXAMPLES); anything below throws RangeError.
 */
export function weightOf(numExamples: bigint, cap: bigint, unit: bigint): bigint {
  if (numExamples < 1n || unit < 1n) {
    throw new RangeError(`numExamples is ${numExamples}, unit ${unit}; both must be positive`);
  }
  return atLeastOne((numExamples < cap ? numExamples : cap) / unit);
}

function atLeastOne(n: bigint): bigint {
  return n < 1n ? 1n : n;
}
