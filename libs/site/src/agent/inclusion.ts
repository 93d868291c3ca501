import type { Hash, Sha256 } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import {
  CONTRIB,
  type Contrib,
  type Header,
  type Member,
  type Receipt,
  type Task,
  sumLeaf,
  verifySum,
} from '@tallystick/record';
import { type Inclusion, weightFor } from '@tallystick/rounds';

/** What a site knows of its own contribution. */
export interface OwnContribution {
  readonly receipt: Receipt;
  readonly receiptHash: Hash;
  /** Wire form of the receipt. */
  readonly wire: string;
  readonly member: Member;
  /** The task of the round that counts it; undefined when it is not this site's own, and was not shown. */
  readonly task: Task | undefined;
  readonly numeric: RunSpec['numeric'];
}

/** Why a proof of inclusion is not good enough. */
export interface InclusionFault {
  readonly reason: string;
  /** True when the round does count this receipt, with another weight. */
  readonly isCounted: boolean;
}

/**
 * Why the proof does not show that `header` counts this contribution with its right weight. Without the task of the
 * round the weight is left to the audit (V7).
 */
export function inclusionFault(
  sha256: Sha256,
  header: Header,
  own: OwnContribution,
  inclusion: Inclusion,
): InclusionFault | undefined {
  const { receipt, member, task, numeric } = own;
  const { weight, index } = inclusion;
  const rule = task && weightFor(numeric, task, { receipt, member });
  const isCounted = verifySum(sha256, {
    root: header.contribRoot,
    total: header.sumWeight,
    count: header.included,
    index,
    leaf: { hash: sumLeaf(sha256, CONTRIB, leafOfOwn(own, weight)), sum: weight },
    proof: inclusion.proof,
  });
  if (rule !== undefined && weight !== rule) {
    return { reason: `weight ${weight}, by the rule ${rule}`, isCounted };
  }
  if (isCounted) return undefined;
  return { reason: `leaf ${index} of ${header.included} is another one`, isCounted };
}

/** The leaf of a contribution that is counted with `weight`. */
export function leafOfOwn({ receipt, receiptHash }: OwnContribution, weight: bigint): Contrib {
  const { node, keyEpoch, update, numExamples } = receipt;
  return { node, keyEpoch, receipt: receiptHash, update, numExamples, weight };
}
