import { asAccountId, asNodeId, type Hash, type Sha256 } from '@tallystick/kernel';
import {
  ENTITLE,
  MEMBER,
  plainLeaf,
  plainProof,
  plainRoot,
  sumLeaf,
  sumProof,
  sumTree,
} from '../index.js';
import { counting } from './samples.js';

/** Plain trees over Member {node i, keyEpoch 0, cap 1000·i + 1}: leaves 0..16, then root and all proofs per count. */
export interface PlainVectors {
  readonly leaves: readonly { readonly node: number; readonly cap: string; readonly leaf: Hash }[];
  readonly trees: readonly {
    readonly count: number;
    readonly root: Hash;
    readonly proofs: readonly (readonly Hash[])[];
  }[];
}

/** Sum trees over Entitle {account i, i+1 …, cumulative i·2^64 + i}; sums as decimal text. */
export interface SumVectors {
  readonly leaves: readonly {
    readonly account: string;
    readonly cumulative: string;
    readonly leaf: Hash;
  }[];
  readonly trees: readonly {
    readonly count: number;
    readonly root: Hash;
    readonly total: string;
    readonly proofs: readonly (readonly { readonly hash: Hash; readonly sum: string }[])[];
  }[];
}

const INDICES = Array.from({ length: 17 }, (_, i) => i);
const COUNTS = [...INDICES, 17];

export function plainVectors(sha256: Sha256): PlainVectors {
  const members = INDICES.map((i) => {
    const member = { node: asNodeId(i), keyEpoch: 0, cap: BigInt(1000 * i + 1) };
    return { node: i, cap: String(member.cap), leaf: plainLeaf(sha256, MEMBER, member) };
  });
  const trees = COUNTS.map((count) => {
    const leaves = members.slice(0, count).map(({ leaf }) => leaf);
    const proofs = leaves.map((_, i) => plainProof(sha256, leaves, i));
    return { count, root: plainRoot(sha256, leaves), proofs };
  });
  return { leaves: members, trees };
}

export function sumVectors(sha256: Sha256): SumVectors {
  const entitlements = INDICES.map((i) => {
    const account = asAccountId(counting(i));
    const cumulative = (1n << 64n) * BigInt(i) + BigInt(i);
    return { account, cumulative, leaf: sumLeaf(sha256, ENTITLE, { account, cumulative }) };
  });
  const trees = COUNTS.map((count) => {
    const leaves = entitlements
      .slice(0, count)
      .map(({ leaf, cumulative }) => ({ hash: leaf, sum: cumulative }));
    const { root, total } = sumTree(sha256, leaves);
    const proofs = leaves.map((_, i) =>
      sumProof(sha256, leaves, i).map(({ hash, sum }) => ({ hash, sum: String(sum) })),
    );
    return { count, root, total: String(total), proofs };
  });
  return {
    leaves: entitlements.map((leaf) => ({ ...leaf, cumulative: String(leaf.cumulative) })),
    trees,
  };
}
