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
import { contribTreeOf, inclusionOf, type RoundResult, weightFor } from '@tallystick/rounds';

export type Inclusion = NonNullable<RoundResult['inclusion']>;

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

/**
 * Why the proof does not show that `header` counts this contribution with its right weight. Without the task of the
 * round the weight is left to the audit (V7).
 */
export function inclusionFault(
  sha256: Sha256,
  header: Header,
  own: OwnContribution,
  inclusion: Inclusion,
): string | undefined {
  const { receipt, member, task, numeric } = own;
  const { weight } = inclusion;
  const rule = task && weightFor(numeric, task, { receipt, member });
  if (rule !== undefined && weight !== rule) return `weight ${weight}, by the rule ${rule}`;
  const { node, keyEpoch, update, numExamples } = receipt;
  const leaf: Contrib = {
    node,
    keyEpoch,
    receipt: own.receiptHash,
    update,
    numExamples,
    weight,
  };
  const holds = verifySum(sha256, {
    root: header.contribRoot,
    total: header.sumWeight,
    count: header.included,
    index: inclusion.index,
    leaf: { hash: sumLeaf(sha256, CONTRIB, leaf), sum: weight },
    proof: inclusion.proof,
  });
  return holds ? undefined : `leaf ${inclusion.index} of ${header.included} is another one`;
}

/**
 * Looks this contribution up in all leaves of the round: its inclusion, `absent` when the leaves give contribRoot
 * without it, `unknown` when they are not the leaves of this header.
 */
export function findInclusion(
  sha256: Sha256,
  header: Header,
  own: OwnContribution,
  leaves: readonly Contrib[],
): Inclusion | 'absent' | 'unknown' {
  if (leaves.length !== header.included || leaves.length === 0) return 'unknown';
  const tree = contribTreeOf(sha256, leaves);
  if (tree.root !== header.contribRoot || tree.total !== header.sumWeight) return 'unknown';
  const mine = leaves.find(({ node }) => node === own.receipt.node);
  if (mine?.receipt !== own.receiptHash) return 'absent';
  return inclusionOf(sha256, leaves, own.receipt.node) ?? 'absent';
}
