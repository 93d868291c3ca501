import type { Hash, Sha256, Signature } from '@tallystick/kernel';
import {
  CONTRIB,
  type Contrib,
  EXCLUDE,
  type Exclude,
  MEMBER,
  type Member,
  plainLeaf,
  plainRoot,
  type Receipt,
  receiptHash,
  sumLeaf,
  sumProof,
  sumTree,
} from '@tallystick/record';

/** An accepted update as the header counts it. */
export interface Contribution {
  readonly receipt: Receipt;
  readonly signature: Signature;
  readonly weight: bigint;
}

/** The leaf of one contribution. */
export function contribOf(sha256: Sha256, contribution: Contribution): Contrib {
  const { receipt, signature, weight } = contribution;
  return {
    node: receipt.node,
    keyEpoch: receipt.keyEpoch,
    receipt: receiptHash(sha256, receipt, signature),
    update: receipt.update,
    numExamples: receipt.numExamples,
    weight,
  };
}

function contribLeaves(sha256: Sha256, leaves: readonly Contrib[]): { hash: Hash; sum: bigint }[] {
  return leaves.map((leaf) => ({ hash: sumLeaf(sha256, CONTRIB, leaf), sum: leaf.weight }));
}

/** Root and total weight of the sum tree over `leaves`, which ascend by node. */
export function contribTreeOf(
  sha256: Sha256,
  leaves: readonly Contrib[],
): { readonly root: Hash; readonly total: bigint } {
  return sumTree(sha256, contribLeaves(sha256, leaves));
}

/** Where `node` stands in the tree and the proof for it; undefined when it has no leaf. */
export function inclusionOf(
  sha256: Sha256,
  leaves: readonly Contrib[],
  node: number,
):
  | {
      readonly index: number;
      readonly weight: bigint;
      readonly proof: readonly { hash: Hash; sum: bigint }[];
    }
  | undefined {
  const index = leaves.findIndex((leaf) => leaf.node === node);
  const leaf = leaves[index];
  if (leaf === undefined) return undefined;
  return {
    index,
    weight: leaf.weight,
    proof: sumProof(sha256, contribLeaves(sha256, leaves), index),
  };
}

/** Root of the plain tree over the cohort, ascending by node. */
export function cohortRootOf(sha256: Sha256, cohort: readonly Member[]): Hash {
  return plainRoot(
    sha256,
    cohort.map((member) => plainLeaf(sha256, MEMBER, member)),
  );
}

/** Root of the plain tree over the exclusions, ascending by node. */
export function excludedRootOf(sha256: Sha256, exclusions: readonly Exclude[]): Hash {
  return plainRoot(
    sha256,
    exclusions.map((exclusion) => plainLeaf(sha256, EXCLUDE, exclusion)),
  );
}
