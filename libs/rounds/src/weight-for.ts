import { weightOf, weightUnit } from '@tallystick/aggregation';
import type { RunSpec } from '@tallystick/protocol';
import type { Member, Receipt, Task } from '@tallystick/record';
import { discounted } from './staleness.js';

type Numeric = RunSpec['numeric'];

/** `unit` of the task: 1 when every contribution counts alike. */
export function unitFor(numeric: Numeric, caps: readonly bigint[]): bigint {
  return numeric.weighting === 'equal' ? 1n : weightUnit(caps);
}

/**
 * n of protocol.md §1.4 in the round of `task`, discounted by how many rounds ago the receipt was asked for; the
 * auditor's step V7 calls the same function.
 */
export function weightFor(
  numeric: Numeric,
  { round, unit }: Pick<Task, 'round' | 'unit'>,
  { receipt, member }: { readonly receipt: Receipt; readonly member: Member },
): bigint {
  const isEqual = numeric.weighting === 'equal';
  const whole = isEqual ? 1n : weightOf(receipt.numExamples, member.cap, unit);
  return discounted(whole, round - receipt.round);
}
