import { weightOf, weightUnit } from '@tallystick/aggregation';
import type { RunSpec } from '@tallystick/protocol';
import type { Member, Receipt } from '@tallystick/record';

type Numeric = RunSpec['numeric'];

/** `unit` of the task: 1 when every contribution counts alike. */
export function unitFor(numeric: Numeric, caps: readonly bigint[]): bigint {
  return numeric.weighting === 'equal' ? 1n : weightUnit(caps);
}

/** n of protocol.md §1.4; the auditor's step V7 calls the same function. */
export function weightFor(
  numeric: Numeric,
  receipt: Receipt,
  member: Member,
  unit: bigint,
): bigint {
  return numeric.weighting === 'equal' ? 1n : weightOf(receipt.numExamples, member.cap, unit);
}
