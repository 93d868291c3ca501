import { fromHex, type Hash, type Sha256, ZERO_HASH } from '@tallystick/kernel';
import type { RecordCodec } from './record-codec.js';
import { climb, type Climb, type Join, treeLevels, treeProof } from './tree.js';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** A claim that `leaf` is number `index` of the `count` leaves below `root`. */
export interface PlainClaim extends Climb<Hash> {
  readonly root: Hash;
}

/** H(0x00 ‖ tag ‖ SCALE). */
export function plainLeaf<T>(sha256: Sha256, codec: RecordCodec<T>, value: T): Hash {
  return sha256(LEAF, codec.tag, codec.encode(value));
}

/** Root over `leaves` in the given order, 32 zero bytes when there are none. */
export function plainRoot(sha256: Sha256, leaves: readonly Hash[]): Hash {
  return treeLevels(leaves, joiner(sha256)).at(-1)?.[0] ?? ZERO_HASH;
}

/** Siblings of leaf `index`, lowest first; throws RangeError without such a leaf. */
export function plainProof(
  sha256: Sha256,
  leaves: readonly Hash[],
  index: number,
): readonly Hash[] {
  return treeProof(treeLevels(leaves, joiner(sha256)), index);
}

/** True iff the claim holds; root and count must come from one hashed record. */
export function verifyPlain(sha256: Sha256, claim: PlainClaim): boolean {
  return climb(claim, joiner(sha256)) === claim.root;
}

function joiner(sha256: Sha256): Join<Hash> {
  return (left, right) => sha256(NODE, fromHex(left), fromHex(right));
}
