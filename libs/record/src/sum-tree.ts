import { fromHex, type Hash, type Sha256, ZERO_HASH } from '@tallystick/kernel';
import { u128 } from './field.js';
import type { RecordCodec } from './record-codec.js';
import { climb, type Climb, type Join, treeLevels, treeProof } from './tree.js';

const LEAF = Uint8Array.of(2);
const NODE = Uint8Array.of(3);
const MAX_SUM = (1n << 128n) - 1n;

/** A node of a sum tree: its hash and the sum of the leaves below it (u128). */
export interface SumNode {
  readonly hash: Hash;
  readonly sum: bigint;
}

/** A claim that `leaf` is number `index` of the `count` leaves below `root`, which sum up to `total`. */
export interface SumClaim extends Climb<SumNode> {
  readonly root: Hash;
  readonly total: bigint;
}

/** H(0x02 ‖ tag ‖ SCALE). */
export function sumLeaf<T>(sha256: Sha256, codec: RecordCodec<T>, value: T): Hash {
  return sha256(LEAF, codec.tag, codec.encode(value));
}

/** Root and total in the given order; zero bytes and 0 without leaves. Throws RangeError when a sum leaves u128. */
export function sumTree(
  sha256: Sha256,
  leaves: readonly SumNode[],
): { readonly root: Hash; readonly total: bigint } {
  const top = levelsOf(sha256, leaves).at(-1)?.[0];
  return top === undefined ? { root: ZERO_HASH, total: 0n } : { root: top.hash, total: top.sum };
}

/** Siblings of leaf `index`, lowest first; throws RangeError without such a leaf. */
export function sumProof(
  sha256: Sha256,
  leaves: readonly SumNode[],
  index: number,
): readonly SumNode[] {
  return treeProof(levelsOf(sha256, leaves), index);
}

/** The proof of every leaf from one pass over the tree. */
export function sumProofs(
  sha256: Sha256,
  leaves: readonly SumNode[],
): readonly (readonly SumNode[])[] {
  const levels = levelsOf(sha256, leaves);
  return leaves.map((_, index) => treeProof(levels, index));
}

/** True iff the claim holds; root, count and total must come from one hashed record. */
export function verifySum(sha256: Sha256, claim: SumClaim): boolean {
  if (!isChecked([claim.leaf, ...claim.proof])) return false;
  const top = climb(claim, joiner(sha256));
  return top !== undefined && top.hash === claim.root && top.sum === claim.total;
}

function levelsOf(sha256: Sha256, leaves: readonly SumNode[]): readonly (readonly SumNode[])[] {
  if (!isChecked(leaves)) throw new RangeError('the sums of a tree must stay in 0..2^128-1');
  return treeLevels(leaves, joiner(sha256));
}

/** Every sum formed on the way up is at most this total, so checking it checks every addition. */
function isChecked(nodes: readonly SumNode[]): boolean {
  return (
    nodes.every(({ sum }) => sum >= 0n) &&
    nodes.reduce((sum, node) => sum + node.sum, 0n) <= MAX_SUM
  );
}

function joiner(sha256: Sha256): Join<SumNode> {
  return (left, right) => ({
    hash: sha256(NODE, fromHex(left.hash), sumBytes(left), fromHex(right.hash), sumBytes(right)),
    sum: left.sum + right.sum,
  });
}

function sumBytes({ sum }: SumNode): Uint8Array {
  const bytes = new Uint8Array(u128.size);
  u128.write(new DataView(bytes.buffer), 0, sum, 'sum');
  return bytes;
}
