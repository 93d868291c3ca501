import { type Hash, type NodeId, type Sha256, toHex } from '@tallystick/kernel';
import {
  CONTRIB,
  type Contrib,
  EXCLUDE,
  type Exclude,
  type Header,
  plainLeaf,
  plainProof,
} from '@tallystick/record';
import { contribTreeOf, excludedRootOf, type Inclusion, inclusionsOf } from '@tallystick/rounds';
import type { ShownExclusion, ShownLeaf } from '../evidence/evidence-file.js';
import type { RoundContents } from './run-source.js';

/** An exclusion of this node that `excludedRoot` proves. */
export interface OwnExclusion {
  readonly exclude: Exclude;
  readonly shown: ShownExclusion;
}

/** Where a node stands in a closed round. */
export type Standing =
  /** A proof was shown or found; whether it holds is another question. */
  | { readonly kind: 'included'; readonly inclusion: Inclusion }
  | {
      readonly kind: 'absent';
      /** Another receipt of this node that the round counts. */
      readonly other?: Contrib;
      /** That leaf, or the neighbours of the place where this node would stand. */
      readonly leaves: readonly ShownLeaf[];
      /** Undefined when the exclusions were not to be had, or do not hold this node. */
      readonly exclusion?: OwnExclusion;
    }
  /** What the round holds was not to be had, or is not what the header is about. */
  | { readonly kind: 'unknown' };

/** Looks a node up in what a round is said to hold; nothing counts that does not hash to the header's roots. */
export function standingIn(
  sha256: Sha256,
  header: Header,
  own: { readonly node: NodeId; readonly receiptHash: Hash | undefined },
  { leaves, excluded }: RoundContents,
): Standing {
  if (leaves.length !== header.included) return { kind: 'unknown' };
  const tree = contribTreeOf(sha256, leaves);
  if (tree.root !== header.contribRoot || tree.total !== header.sumWeight) {
    return { kind: 'unknown' };
  }
  const other = leaves.find(({ node }) => node === own.node);
  const inclusions = inclusionsOf(sha256, leaves);
  const inclusion = inclusions.get(own.node);
  if (other !== undefined && inclusion !== undefined && other.receipt === own.receiptHash) {
    return { kind: 'included', inclusion };
  }
  const exclusion = exclusionIn(sha256, header, own.node, excluded);
  return {
    kind: 'absent',
    ...(other && { other }),
    leaves: around(leaves, own.node).flatMap((leaf) => {
      const place = inclusions.get(leaf.node);
      return place === undefined ? [] : [shownLeaf(leaf, place)];
    }),
    ...(exclusion && { exclusion }),
  };
}

/** A leaf with its path, as an evidence file holds it. */
export function shownLeaf(leaf: Contrib, { index, proof }: Inclusion): ShownLeaf {
  return {
    leaf: toHex(CONTRIB.encode(leaf)),
    index,
    proof: proof.map(({ hash, sum }) => ({ hash, sum: sum.toString() })),
  };
}

/** The leaf of `node`, else the neighbours of its place. */
function around(leaves: readonly Contrib[], node: NodeId): readonly Contrib[] {
  const next = leaves.findIndex((leaf) => leaf.node >= node);
  const at = next < 0 ? leaves.length : next;
  if (leaves[at]?.node === node) return leaves.slice(at, at + 1);
  return leaves.slice(Math.max(0, at - 1), at + 1);
}

function exclusionIn(
  sha256: Sha256,
  header: Header,
  node: NodeId,
  excluded: readonly Exclude[],
): OwnExclusion | undefined {
  if (excluded.length !== header.excluded) return undefined;
  if (excludedRootOf(sha256, excluded) !== header.excludedRoot) return undefined;
  const index = excluded.findIndex((exclude) => exclude.node === node);
  const exclude = excluded[index];
  if (exclude === undefined) return undefined;
  const leaves = excluded.map((each) => plainLeaf(sha256, EXCLUDE, each));
  const proof = plainProof(sha256, leaves, index);
  return { exclude, shown: { leaf: toHex(EXCLUDE.encode(exclude)), index, proof: [...proof] } };
}
